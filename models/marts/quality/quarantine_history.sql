{{ config(materialized='view') }}

with history as (
    select * from {{ ref('int_quarantine_history_named') }}
)

select
    file_id,
    race_id,
    line_number,
    file_name,
    source_format,
    reason,
    quarantined_at,
    released_at
from history
