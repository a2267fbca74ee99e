{{ config(materialized='incremental', key='file_id', fingerprints='stg_files__files') }}

with files as (
    select *
    from {{ ref('stg_files__files') }}
    where
        header_line is not null
        and file_id in ({{ changed_keys(ref('stg_files__files'), 'file_id') }})
),

-- the head of a file always fits its first block
blocks as (
    select * from {{ ref('stg_files__blocks') }}
    where block_number = 1
)

select
    files.file_id,
    files.source_format,
    cast(lines.line_number as integer) as line_number,
    cast(cells.cell_number as integer) as cell_number,
    {{ blank_to_null('cells.cell') }} as cell,
    lines.line_number = files.header_line as is_name,
    coalesce(lines.line_number = files.units_line, false) as is_unit
from files
inner join blocks on files.file_id = blocks.file_id
cross join lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_number)
cross join
    lateral
    unnest({{ csv_cells('lines.line', 'files.delimiter') }}) with ordinality as cells (cell, cell_number)
where lines.line_number < files.first_data_line
