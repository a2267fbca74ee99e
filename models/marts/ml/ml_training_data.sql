{%- set shares = var('split_shares') %}

with event_sessions as (
    select * from {{ ref('dim_event_sessions') }}
    -- the main race: in an event that never got to its race, number 0 is a practice
    where sim = 'iracing' and session_type = 'race' and simsession_number = 0
),

races as (
    select
        races.*,
        event_sessions.subsession_id,
        event_sessions.layout_id,
        event_sessions.license_category_id,
        event_sessions.series_name,
        event_sessions.corners_per_lap
    from {{ ref('dim_races') }} as races
    inner join event_sessions on races.race_id = event_sessions.event_session_id
),

race_results as (
    select * from {{ ref('fct_race_results') }}
    where not is_ai
),

form as (
    select * from {{ ref('driver_race_form') }}
),

entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

difficulties as (
    select * from {{ ref('track_difficulty') }}
),

-- races with the same start stay together, and undated ones come first
timed as (
    select
        race_id,
        cast(rank() over (order by green_flag_at nulls first) - 1 as numeric(18, 6)) / count(*) over () as share_before
    from races
    where race_id in (select race_results.race_id from race_results)
)

select
    races.subsession_id,
    {{ dbt.replace('race_results.driver_id', "'iracing:'", "''") }} as cust_id,
    race_results.race_id,
    race_results.driver_id,
    case
        when timed.share_before < {{ shares.train }} then 'train'
        when timed.share_before < {{ shares.train }} + {{ shares.validation }} then 'validation'
        else 'test'
    end as split,
    -- known at the green flag
    races.layout_id,
    race_results.car_id,
    race_results.car_class_id,
    races.license_category_id,
    races.series_name,
    race_results.license_letter_before,
    race_results.start_position,
    race_results.start_position_in_class,
    race_results.qualifying_lap_ms,
    race_results.irating_before,
    race_results.license_class_before,
    race_results.safety_rating_before,
    races.corners_per_lap,
    races.entries as field_size,
    entries.class_entries as class_field_size,
    races.strength_of_field,
    entries.class_strength_of_field,
    entries.opponents_irating_mean,
    entries.opponents_irating_max,
    entries.opponents_irating_min,
    entries.opponents_irating_spread,
    cast(entries.entry_irating - entries.opponents_irating_mean as numeric(18, 6)) as irating_gap_to_opponents,
    entries.rank_by_irating,
    entries.expected_finish_in_class,
    form.driver_race_number,
    form.races_on_layout,
    form.races_in_car,
    form.days_since_last_race,
    {%- for column in form_columns() %}
        form.{{ column.name }},
    {%- endfor %}
    difficulties.races_on_layout as track_races,
    difficulties.incidents_per_100_corners as track_incidents_per_100_corners,
    difficulties.incidents_relative_to_category as track_incidents_relative_to_category,
    difficulties.did_not_finish_rate as track_did_not_finish_rate,
    difficulties.lap_spread_percent as track_lap_spread_percent,
    races.is_official,
    races.is_team_race,
    races.green_flag_at as feature_cutoff_at,
    -- known only afterwards
    race_results.finish_position as target_finish_position,
    race_results.finish_position_in_class as target_finish_position_in_class,
    cast(
        race_results.finish_position_in_class - entries.expected_finish_in_class as numeric(18, 6)
    ) as target_finish_minus_expected,
    race_results.irating_change as target_irating_change,
    race_results.incidents as target_incidents,
    race_results.did_not_finish as target_did_not_finish
from race_results
inner join races on race_results.race_id = races.race_id
left join form on race_results.race_id = form.race_id and race_results.entrant_id = form.entrant_id
left join entries on race_results.race_id = entries.race_id and race_results.entry_id = entries.entry_id
left join difficulties on race_results.race_id = difficulties.race_id
left join timed on race_results.race_id = timed.race_id
