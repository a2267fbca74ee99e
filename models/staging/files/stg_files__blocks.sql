with blocks as (
    select * from {{ source('raw', 'file_blocks') }}
),

complete_loads as (
    select load_id
    from {{ source('raw', '_dlt_loads') }}
    where status = 0
)

select
    cast(blocks.file_id as {{ dbt.type_string() }}) as file_id,
    blocks.block_number,
    blocks.first_line,
    blocks.line_count,
    blocks.lines
from blocks
inner join complete_loads on blocks._dlt_load_id = complete_loads.load_id
where
    -- a crash between a commit and its record makes dlt write rows a second time
    not exists (
        select 1
        from {{ source('raw', 'file_blocks') }} as repeats
        inner join complete_loads as repeated_loads on repeats._dlt_load_id = repeated_loads.load_id
        where
            repeats.file_id = blocks.file_id
            and repeats.block_number = blocks.block_number
            and repeats._dlt_id < blocks._dlt_id
    )
