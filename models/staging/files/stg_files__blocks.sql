-- No CTE here: one that is used twice is computed by itself, and the blocks would no longer be read in parallel
select
    cast(blocks.file_id as {{ dbt.type_string() }}) as file_id,
    blocks.block_number,
    blocks.first_line,
    blocks.line_count,
    blocks.lines
from {{ source('raw', 'file_blocks') }} as blocks
where
    blocks._dlt_load_id in (
        select loads.load_id from {{ source('raw', '_dlt_loads') }} as loads
        where loads.status = 0
    )
    -- a crash between a commit and its record makes dlt write rows a second time
    and not exists (
        select 1
        from {{ source('raw', 'file_blocks') }} as repeats
        inner join
            {{ source('raw', '_dlt_loads') }} as loads
            on repeats._dlt_load_id = loads.load_id and loads.status = 0
        where
            repeats.file_id = blocks.file_id
            and repeats.block_number = blocks.block_number
            and repeats._dlt_id < blocks._dlt_id
    )
