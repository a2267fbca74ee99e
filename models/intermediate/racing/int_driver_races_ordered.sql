{{ config(materialized='table') }}

{%- set order_of_races -%}
    ordered_at nulls first, subsession_number nulls first, subsession_id, simsession_number, race_id, entrant_id
{%- endset %}

with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

rated_entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

-- a race whose time nobody knows cannot be ordered, so it gives no form
dated as (
    select
        race_results.*,
        races.sim,
        races.subsession_id,
        races.layout_id,
        races.subsession_number,
        races.simsession_number,
        races.license_category_id,
        races.corners_per_lap,
        races.green_flag_at,
        races.results_known_at,
        coalesce(races.started_at, races.ended_at) as ordered_at,
        rated_entries.class_entries,
        rated_entries.expected_finish_in_class
    from race_results
    inner join races on race_results.race_id = races.race_id
    left join rated_entries
        on race_results.race_id = rated_entries.race_id and race_results.entry_id = rated_entries.entry_id
    where coalesce(races.started_at, races.ended_at) is not null or races.subsession_number is not null
)

select
    race_id,
    entrant_id,
    driver_id,
    car_id,
    layout_id,
    subsession_id,
    license_category_id,
    cast(row_number() over (
        partition by driver_id, license_category_id
        order by {{ order_of_races }}
    ) as integer) as driver_race_number,
    cast(row_number() over (
        partition by driver_id
        order by {{ order_of_races }}
    ) as integer) as driver_start_number,
    subsession_number,
    simsession_number,
    finish_position,
    finish_position_in_class,
    start_position_in_class,
    class_entries,
    laps,
    incidents,
    corners_per_lap,
    irating_before,
    irating_after,
    irating_change,
    {{ license_class('license_level_before') }} as license_class_before,
    {{ license_class('license_level_after') }} as license_class_after,
    safety_rating_after,
    expected_finish_in_class,
    did_not_finish,
    ordered_at,
    green_flag_at,
    results_known_at
from dated
