with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
)

select
    sessions.session_id,
    sessions.sim,
    sessions.source_format,
    sessions.driver_id,
    sessions.car_id,
    sessions.layout_id,
    {{ layout_key('sessions') }} as layout_key,
    sessions.event_session_id,
    sessions.session_type,
    sessions.session_started_at_source,
    sessions.skies,
    sessions.setup_name,
    cast(sessions.air_temp_c as numeric(5, 1)) as air_temp_c,
    cast(sessions.track_temp_c as numeric(5, 1)) as track_temp_c,
    cast(sessions.fuel_capacity_l as numeric(8, 3)) as fuel_capacity_l,
    sessions.irating,
    sessions.is_setup_fixed,
    cast(sessions.sample_rate_hz as numeric(10, 3)) as sample_rate_hz,
    cast(sessions.last_elapsed_s - sessions.first_elapsed_s as numeric(12, 3)) as duration_s,
    sessions.file_count,
    sessions.is_retired,
    sessions.session_started_at
from sessions
