{{ config(materialized='incremental', incremental_strategy='replace_all') }}

select
    event_session_id,
    entrant_id,
    driver_id,
    team_id,
    entry_id,
    car_id,
    car_class_id,
    session_type,
    entrant_name,
    team_name,
    car_number,
    car_name,
    car_class_name,
    position,
    position_in_class,
    laps,
    best_lap_ms,
    best_lap_number,
    average_lap_ms,
    gap_to_best_ms,
    gap_to_best_in_class_ms,
    incidents,
    is_best_lap_valid,
    is_team,
    is_ai,
    file_id
from {{ ref('int_practice_and_qualifying_results') }}
where result_kind = 'practice'
