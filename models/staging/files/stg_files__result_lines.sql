with files as (
    select *
    from {{ ref('stg_files__files') }}
    where format_family = 'results' and header_line is not null and {{ is_due('file_id') }}
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
),

headers as (
    select
        file_id,
        array_agg(coalesce(cell, '') order by cell_number) as names
    from {{ ref('stg_files__header_cells') }}
    where is_name
    group by file_id
)

select
    files.file_id,
    files.source_format,
    cast(blocks.first_line + lines.line_offset - 1 as integer) as line_number,
    headers.names,
    parsed.cells
from files
inner join headers on files.file_id = headers.file_id
inner join blocks on files.file_id = blocks.file_id
cross join lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_offset)
cross join lateral (select {{ csv_cells('lines.line', 'files.delimiter') }} as cells) as parsed
where
    blocks.first_line + lines.line_offset - 1 >= files.first_data_line
    and not {{ is_blank_line('lines.line') }}
