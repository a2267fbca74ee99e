{{ config(materialized='view') }}

with results as (
    select * from {{ ref('fct_race_team_results', v=2) }}
),

races as (
    select * from {{ ref('dim_races') }}
),

event_sessions as (
    select * from {{ ref('dim_event_sessions') }}
)

select
    results.race_id,
    results.entrant_id,
    results.team_id,
    results.car_id,
    nullif(results.car_class_id, 'none') as car_class_id,
    event_sessions.layout_id,
    event_sessions.subsession_id,
    event_sessions.sim,
    results.team_name,
    results.car_number,
    results.car_name,
    results.car_class_name,
    results.out_reason,
    event_sessions.simsession_number,
    results.finish_position,
    results.finish_position_in_class,
    results.start_position,
    results.start_position_in_class,
    results.laps,
    results.laps_led,
    results.race_time_ms,
    results.interval_ms,
    results.laps_down,
    results.average_lap_ms,
    results.best_lap_ms,
    results.best_lap_number,
    results.qualifying_lap_ms,
    results.incidents,
    results.points,
    results.league_points,
    results.is_ai,
    races.is_official,
    event_sessions.started_at,
    event_sessions.ended_at,
    results.file_id
from results
inner join races on results.race_id = races.race_id
inner join event_sessions on results.race_id = event_sessions.event_session_id
