with history as (
    select * from {{ ref('stg_ops__quarantine_history') }}
),

files as (
    select * from {{ ref('stg_files__files') }}
)

select
    history.file_id,
    history.race_id,
    history.line_number,
    {{ pseudonym('files.file_name', 'File') }} as file_name,
    files.source_format,
    history.reason,
    history.quarantined_at,
    history.released_at
from history
inner join files on history.file_id = files.file_id
