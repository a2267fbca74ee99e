with race_results as (
    select * from {{ ref('int_race_results_deduplicated') }}
    where is_team
),

races as (
    select * from {{ ref('int_races_deduplicated') }}
)

select
    race_results.race_id,
    race_results.entrant_id,
    race_results.team_id,
    race_results.car_id,
    race_results.car_class_id,
    races.layout_id,
    races.subsession_id,
    races.sim,
    race_results.entrant_name as team_name,
    race_results.car_number,
    race_results.car_name,
    race_results.car_class_name,
    race_results.out_reason,
    races.simsession_number,
    race_results.finish_position,
    race_results.finish_position_in_class,
    race_results.start_position,
    race_results.start_position_in_class,
    race_results.laps,
    race_results.laps_led,
    race_results.race_time_ms,
    race_results.interval_ms,
    race_results.laps_down,
    race_results.average_lap_ms,
    race_results.best_lap_ms,
    race_results.best_lap_number,
    race_results.qualifying_lap_ms,
    race_results.incidents,
    race_results.points,
    race_results.league_points,
    race_results.is_ai,
    races.is_official,
    races.started_at,
    races.ended_at,
    race_results.file_id
from race_results
inner join races on race_results.race_id = races.race_id
