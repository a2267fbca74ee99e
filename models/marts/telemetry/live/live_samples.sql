{{ config(materialized='view') }}

-- no CTE: PostgreSQL would compute it whole, and so read frames of minutes for a question about seconds
select
    stream,
    session_mark,
    batch_number,
    frame_number,
    elapsed_s,
    {% for channel in var('telemetry_channels') -%}
        {{ channel }},
    {% endfor -%}
    out_of_range_channels,
    received_at
from {{ ref('int_live_samples') }}
