{{ config(
    materialized='table',
    indexes=[{'columns': ['race_id', 'entrant_id'], 'unique': true}],
) }}

with race_results as (
    select * from {{ ref('int_race_results_united') }}
    where refused_reason is null
),

winners as (
    select
        file_id,
        race_id
    from {{ ref('int_race_files') }}
    where is_winner
),

of_winners as (
    select race_results.*
    from race_results
    inner join winners on race_results.file_id = winners.file_id and race_results.race_id = winners.race_id
),

-- a team's line and those of its drivers share a place, so places are counted, not lines
placed as (
    select
        *,
        dense_rank() over (
            partition by race_id, car_class_id, finish_position is null
            order by finish_position nulls last
        ) as finish_rank,
        dense_rank() over (
            partition by race_id, car_class_id, start_position is null
            order by start_position nulls last
        ) as start_rank
    from of_winners
)

select
    file_id,
    race_id,
    entrant_id,
    coalesce('team:' || team_id, entrant_id) as entry_id,
    driver_id,
    team_id,
    car_id,
    car_class_id,
    entrant_name,
    team_name,
    country_code,
    club_name,
    car_number,
    car_name,
    car_class_name,
    out_reason,
    line_number,
    out_reason_id,
    finish_position,
    coalesce(
        finish_position_in_class, case when finish_position is not null then cast(finish_rank as integer) end
    ) as finish_position_in_class,
    start_position,
    coalesce(
        start_position_in_class, case when start_position is not null then cast(start_rank as integer) end
    ) as start_position_in_class,
    laps,
    laps_led,
    race_time_ms,
    interval_ms,
    laps_down,
    average_lap_ms,
    best_lap_ms,
    best_lap_number,
    qualifying_lap_ms,
    incidents,
    points,
    league_points,
    irating_before,
    irating_after,
    license_level_before,
    license_level_after,
    safety_rating_before,
    safety_rating_after,
    file_class_strength_of_field,
    is_team,
    is_ai
from placed
