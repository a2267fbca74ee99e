with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where is_team
)

select
    race_id,
    entrant_id,
    team_id,
    car_id,
    car_class_id,
    entrant_name as team_name,
    car_number,
    car_name,
    car_class_name,
    out_reason,
    finish_position,
    finish_position_in_class,
    start_position,
    start_position_in_class,
    start_position_source,
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
    is_ai,
    file_id
from race_results
