{{ config(materialized='view', schema='ops') }}

with refused as (
    select * from {{ ref('int_files_refused_now') }}
    where path_rank = 1
)

select
    file_id,
    cast(file_path as {{ dbt.type_string() }}) as file_path,
    cast(file_name as {{ dbt.type_string() }}) as file_name,
    cast(reason as {{ dbt.type_string() }}) as reason,
    cast(detail as {{ dbt.type_string() }}) as detail,
    file_bytes,
    content_rank = 1 as is_counted,
    modified_at,
    refused_at
from refused
