select
    load_id,
    inserted_at as loaded_at
from {{ source('raw', '_dlt_loads') }}
where status = 0
