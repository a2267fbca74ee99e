{{ config(materialized='view') }}

with quarantined as (
    select * from {{ ref('int_lines_quarantined') }}
)

select
    file_id,
    race_id,
    line_number,
    file_name,
    source_format,
    reason,
    line
from quarantined
