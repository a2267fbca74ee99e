with files as (
    select * from {{ ref('stg_files__files') }}
    where {{ is_due('file_id') }}
),

documents as (
    select * from {{ ref('stg_files__documents_parsed') }}
)

select
    files.file_id,
    files.source_format,
    files.file_name,
    documents.document,
    files.modified_at
from files
inner join documents on files.file_id = documents.file_id
