{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key=['session_id'],
    on_schema_change='fail',
) }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
)

select
    session_id,
    sim,
    source_format,
    driver_id,
    car_id,
    layout_id,
    {{ layout_key('sessions') }} as layout_key,
    session_type,
    session_started_at_source,
    cast(sample_rate_hz as numeric(10, 3)) as sample_rate_hz,
    cast(last_elapsed_s - first_elapsed_s as numeric(12, 3)) as duration_s,
    file_count,
    is_retired,
    session_started_at
from sessions
