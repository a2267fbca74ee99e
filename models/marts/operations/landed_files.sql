{{ config(materialized='view', schema='ops') }}

with contents as (
    select * from {{ ref('stg_files__contents') }}
)

select
    file_id,
    source_format,
    cast(encoding as {{ dbt.type_string() }}) as encoding,
    file_bytes,
    has_bom,
    landed_at
from contents
