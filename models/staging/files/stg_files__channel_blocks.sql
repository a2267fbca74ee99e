select
    cast(blocks.file_id as {{ dbt.type_string() }}) as file_id,
    blocks.block_number,
    blocks.channel_number,
    blocks.first_sample,
    blocks.float_values,
    blocks.double_values,
    blocks.integer_values,
    blocks.boolean_values
from {{ source('raw', 'channel_blocks') }} as blocks
where
    blocks._dlt_load_id in (
        select loads.load_id from {{ ref('stg_files__loads') }} as loads
    )
