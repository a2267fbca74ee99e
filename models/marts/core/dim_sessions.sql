with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

laps as (
    select
        session_id,
        sum(sample_count) as sample_count,
        count(*) as lap_count,
        count(lap_time_s) as complete_lap_count,
        min(lap_time_s) as best_lap_time_s,
        sum(driven_m) as driven_m
    from {{ ref('fct_laps') }}
    group by session_id
)

select
    sessions.session_id,
    sessions.sim,
    sessions.source_format,
    sessions.driver_id,
    sessions.car_id,
    sessions.layout_id,
    sessions.session_type,
    sessions.session_started_at_source,
    cast(sessions.sample_rate_hz as numeric(10, 3)) as sample_rate_hz,
    cast(sessions.last_elapsed_s - sessions.first_elapsed_s as numeric(12, 3)) as duration_s,
    cast(laps.best_lap_time_s as numeric(10, 3)) as best_lap_time_s,
    cast(laps.driven_m / 1000 as numeric(12, 3)) as driven_km,
    sessions.file_count,
    cast(laps.sample_count as bigint) as sample_count,
    cast(laps.lap_count as integer) as lap_count,
    cast(laps.complete_lap_count as integer) as complete_lap_count,
    sessions.session_started_at
from sessions
inner join laps on sessions.session_id = laps.session_id
