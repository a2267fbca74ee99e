-- A table, because as a view each use would parse the document again
{{ config(materialized='incremental', key='file_id', fingerprints='stg_files__files', keeps_retired=false) }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where
        format_family = 'results'
        and header_line is null
        and file_id in ({{ changed_keys(ref('stg_files__files'), 'file_id') }})
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
),

-- XML is landed as its tree too
trees as (
    select * from {{ ref('stg_files__file_documents') }}
    where document_name = 'tree'
)

select
    files.file_id,
    case
        when trees.file_id is not null then trees.content
        when pg_input_is_valid(blocks.lines, 'jsonb') then cast(blocks.lines as jsonb)
    end as document
from files
inner join blocks on files.file_id = blocks.file_id
left join trees on files.file_id = trees.file_id
