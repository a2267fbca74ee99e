select
    cast(rejected.file_id as {{ dbt.type_string() }}) as file_id,
    rejected.file_name,
    rejected.file_path,
    rejected.reason,
    rejected.detail,
    rejected.head,
    rejected.file_bytes,
    min(rejected.rejected_at) as rejected_at
from {{ source('raw', 'rejected_files') }} as rejected
inner join {{ source('raw', '_dlt_loads') }} as loads on rejected._dlt_load_id = loads.load_id
where loads.status = 0
group by
    rejected.file_id,
    rejected.file_name,
    rejected.file_path,
    rejected.reason,
    rejected.detail,
    rejected.head,
    rejected.file_bytes
