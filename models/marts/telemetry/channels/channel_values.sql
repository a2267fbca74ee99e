{{ config(materialized='view') }}

select
    session_id,
    file_id,
    channel_number,
    channel,
    unit,
    sample_number,
    elapsed_s,
    value
from {{ ref('int_telemetry_channel_values') }}
