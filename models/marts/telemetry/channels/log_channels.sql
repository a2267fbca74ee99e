{{ config(materialized='view') }}

select
    session_id,
    file_id,
    channel_number,
    channel,
    unit,
    description,
    value_type,
    canonical_channel,
    rate_hz,
    sample_count,
    is_used,
    is_retired
from {{ ref('int_telemetry_log_channels') }}
