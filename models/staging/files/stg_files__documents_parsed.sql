-- A table, because as a view each use would parse the document again
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='file_id',
    fingerprints='stg_files__files',
    indexes=[{'columns': ['file_id'], 'unique': true}],
) }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where
        format_family = 'results'
        and header_line is null
        and file_id in ({{ changed_keys(ref('stg_files__files'), 'file_id') }})
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
)

select
    files.file_id,
    case when pg_input_is_valid(blocks.lines, 'jsonb') then cast(blocks.lines as jsonb) end as document
from files
inner join blocks on files.file_id = blocks.file_id
