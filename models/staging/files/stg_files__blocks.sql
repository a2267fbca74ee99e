-- No CTE here: PostgreSQL computes a CTE that is used twice separately, and would not read the blocks in parallel
select
    cast(blocks.file_id as {{ dbt.type_string() }}) as file_id,
    blocks.block_number,
    blocks.first_line,
    blocks.line_count,
    blocks.lines
from {{ source('raw', 'file_blocks') }} as blocks
where
    blocks._dlt_load_id in (
        select loads.load_id from {{ ref('stg_files__loads') }} as loads
    )
    -- a crash between a commit and its record makes dlt write rows a second time
    and not exists (
        select 1
        from {{ source('raw', 'file_blocks') }} as repeats
        inner join {{ ref('stg_files__loads') }} as loads on repeats._dlt_load_id = loads.load_id
        where
            repeats.file_id = blocks.file_id
            and repeats.block_number = blocks.block_number
            and repeats._dlt_id < blocks._dlt_id
    )
