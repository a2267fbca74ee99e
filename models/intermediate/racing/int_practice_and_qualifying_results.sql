{{ config(materialized='table') }}

{%- set cutoff = results_cutoff() %}

with results as (
    select * from {{ ref('int_race_results_united') }}
    where refused_reason is null and result_kind in ('practice', 'qualifying')
),

-- a session without a date cannot be later
event_sessions as (
    select
        file_id,
        event_session_id,
        sim,
        session_type,
        result_kind,
        coalesce(started_at, ended_at) as appeared_at
    from {{ ref('int_event_sessions_deduplicated') }}
    where
        result_kind in ('practice', 'qualifying')
        and {{ 'coalesce(coalesce(ended_at, started_at) <= ' ~ cutoff ~ ', true)' if cutoff else 'true' }}
),

-- a car has one class, whoever drives it; results are grouped by class, so a file without classes gets the class none
classed as (
    select
        results.*,
        event_sessions.sim,
        event_sessions.session_type,
        event_sessions.appeared_at,
        coalesce('team:' || results.team_id, results.entrant_id) as entry_id,
        coalesce(
            max(results.car_class_id) over (
                partition by results.event_session_id, coalesce('team:' || results.team_id, results.entrant_id)
            ),
            'none'
        ) as class_id
    from results
    inner join event_sessions
        on results.file_id = event_sessions.file_id and results.event_session_id = event_sessions.event_session_id
),

-- a team's line and its drivers' lines share a place, so count places and not lines
placed as (
    select
        *,
        dense_rank() over (
            partition by event_session_id, class_id, finish_position is null order by finish_position nulls last
        ) as class_rank
    from classed
)

select
    event_session_id,
    entrant_id,
    driver_id,
    team_id,
    entry_id,
    car_id,
    class_id as car_class_id,
    sim,
    session_type,
    result_kind,
    entrant_name,
    team_name,
    car_number,
    car_name,
    car_class_name,
    finish_position as position,
    coalesce(
        finish_position_in_class, case when finish_position is not null then cast(class_rank as integer) end
    ) as position_in_class,
    laps,
    best_lap_ms,
    best_lap_number,
    average_lap_ms,
    best_lap_ms - min(best_lap_ms) over (partition by event_session_id) as gap_to_best_ms,
    best_lap_ms - min(best_lap_ms) over (partition by event_session_id, class_id) as gap_to_best_in_class_ms,
    incidents,
    is_best_lap_valid,
    is_team,
    is_ai,
    appeared_at,
    file_id
from placed
