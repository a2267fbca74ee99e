{{ config(materialized='view', schema='ops') }}

select
    blocks.file_id,
    blocks.block_number,
    cast(blocks.lines as {{ dbt.type_string() }}) as lines
from {{ ref('stg_files__blocks') }} as blocks
