{{ config(materialized='view') }}

with history as (
    select * from {{ source('ops', 'quarantine_history') }}
),

files as (
    select * from {{ ref('file_quality') }}
)

select
    history.file_id,
    history.race_id,
    history.line_number,
    files.file_name,
    files.source_format,
    history.reason,
    history.quarantined_at,
    history.released_at
from history
inner join files on history.file_id = files.file_id
