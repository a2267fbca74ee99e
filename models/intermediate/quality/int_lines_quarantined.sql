{{ config(
    materialized='incremental',
    key='file_id',
    fingerprints='int_files_with_refused_lines',
    post_hook='{{ record_quarantine() }}',
) }}

-- What can change while the lines stay, such as the name of the file, is not kept with them.
with refused as (
    select * from {{ ref('int_refused_lines') }}
    where file_id in ({{ changed_keys(ref('int_files_with_refused_lines'), 'file_id') }})
),

files as (
    select * from {{ ref('stg_files__files') }}
),

-- a document has no lines, so its results are counted
blocks as (
    select blocks.*
    from {{ ref('stg_files__blocks') }} as blocks
    inner join files
        on blocks.file_id = files.file_id and (files.header_line is not null or files.text_id is not null)
    where
        blocks.file_id = any(array({{ changed_keys(ref('int_files_with_refused_lines'), 'file_id') }}))
        and exists (
            select 1
            from refused
            where
                refused.file_id = blocks.file_id
                and refused.line_number between blocks.first_line and blocks.first_line + blocks.line_count - 1
        )
),

lines as (
    select
        blocks.file_id,
        blocks.first_line + split.line_offset - 1 as line_number,
        rtrim(split.line, chr(13)) as line
    from blocks
    cross join lateral string_to_table(blocks.lines, chr(10)) with ordinality as split (line, line_offset)
)

select
    refused.file_id,
    refused.race_id,
    cast(refused.line_number as bigint) as line_number,
    refused.reason,
    {{ unless_pseudonymised("left(lines.line, " ~ var('quarantined_line_characters') ~ ")") }} as line
from refused
left join lines on refused.file_id = lines.file_id and refused.line_number = lines.line_number
