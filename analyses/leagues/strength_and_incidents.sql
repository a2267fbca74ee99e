-- How strong are the fields of each series, and do stronger fields drive cleaner?
-- One row per series: mean strength of field beside incident points per 100 corners and the share that did not finish.
-- Compare official with league races by is_official.
with fields as (
    select * from {{ ref('fct_race_fields') }}
    where rated_entries > 0
),

races as (
    select
        races.race_id,
        races.is_official,
        coalesce(sessions.series_name, sessions.league_name, sessions.event_name, 'not named') as series_name
    from {{ ref('dim_races') }} as races
    inner join {{ ref('dim_event_sessions') }} as sessions on races.race_id = sessions.event_session_id
)

select
    races.series_name,
    races.is_official,
    count(distinct fields.race_id) as races,
    round(avg(fields.strength_of_field), 0) as strength_of_field,
    round(avg(fields.entries), 1) as avg_entries,
    round(100.0 * sum(fields.incidents) / nullif(sum(fields.corners), 0), 3) as incidents_per_100_corners,
    round(avg(fields.did_not_finish_rate), 3) as did_not_finish_rate
from fields
inner join races on fields.race_id = races.race_id
group by races.series_name, races.is_official
order by strength_of_field desc nulls last
