{{ config(materialized='view') }}

with quarantined as (
    select * from {{ ref('int_lines_quarantined') }}
),

files as (
    select * from {{ ref('file_quality') }}
)

select
    quarantined.file_id,
    quarantined.race_id,
    quarantined.line_number,
    files.file_name,
    files.source_format,
    quarantined.reason,
    quarantined.line
from quarantined
inner join files on quarantined.file_id = files.file_id
