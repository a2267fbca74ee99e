with sessions as (
    select * from {{ ref('dim_sessions') }}
),

driven as (
    select * from {{ ref('session_consistency') }}
),

laps as (
    select * from {{ ref('fct_laps') }}
    where is_complete
),

race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai and driver_id is not null
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where is_over and green_flag_at is not null
),

-- results do not tell the length of a lap; telemetry of the layout does
layout_lengths as (
    select
        sessions.layout_id,
        percentile_cont(0.5) within group (order by laps.driven_m) / 1000 as lap_km
    from laps
    inner join sessions on laps.session_id = sessions.session_id
    group by sessions.layout_id
),

activities as (
    select
        coalesce(sessions.driver_id, 'unknown') as driver_id,
        coalesce(sessions.car_id, 'unknown') as car_id,
        coalesce(sessions.layout_id, 'unknown') as layout_id,
        cast(sessions.session_started_at at time zone 'UTC' as date) as activity_date,
        1 as sessions,
        driven.complete_lap_count as session_laps,
        driven.driven_km as session_km,
        sessions.duration_s / 3600 as session_hours,
        0 as races,
        cast(null as integer) as race_laps,
        cast(null as double precision) as race_km,
        cast(null as numeric(18, 6)) as race_hours,
        cast(null as integer) as race_incidents
    from sessions
    inner join driven on sessions.session_id = driven.session_id
    union all
    select
        race_results.driver_id,
        coalesce(race_results.car_id, 'unknown'),
        races.layout_id,
        cast(races.green_flag_at at time zone 'UTC' as date),
        0,
        null,
        null,
        null,
        1,
        race_results.laps,
        race_results.laps * layout_lengths.lap_km,
        coalesce(
            1.0 * race_results.average_lap_ms * race_results.laps,
            -- drivers who share a car each get the whole time
            case when race_results.team_id is null then race_results.race_time_ms end
        ) / 3600000,
        race_results.incidents
    from race_results
    inner join races on race_results.race_id = races.race_id
    left join layout_lengths on races.layout_id = layout_lengths.layout_id
)

select
    driver_id,
    car_id,
    layout_id,
    activity_date,
    {{ summed_activity() }}
from activities
group by driver_id, car_id, layout_id, activity_date
