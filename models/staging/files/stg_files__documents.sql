with files as (
    select *
    from {{ ref('stg_files__files') }}
    where header_line is null
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
)

select
    files.file_id,
    files.source_format,
    files.file_name,
    case when pg_input_is_valid(blocks.lines, 'jsonb') then cast(blocks.lines as jsonb) end as document,
    files.modified_at
from files
inner join blocks on files.file_id = blocks.file_id
