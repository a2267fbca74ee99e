with refusals as (
    select rejected.*
    from {{ source('raw', 'rejected_files') }} as rejected
    inner join {{ ref('stg_files__loads') }} as loads on rejected._dlt_load_id = loads.load_id
),

ranked as (
    select
        *,
        min(rejected_at) over (partition by file_id, file_path, reason) as first_rejected_at,
        row_number() over (
            partition by file_id, file_path, reason
            order by rejected_at desc, _dlt_id asc
        ) as refusal_rank
    from refusals
)

select
    cast(file_id as {{ dbt.type_string() }}) as file_id,
    file_name,
    file_path,
    reason,
    detail,
    head,
    file_bytes,
    -- a file that could not be read has no time of change
    coalesce(modified_at, rejected_at) as modified_at,
    first_rejected_at as rejected_at,
    rejected_at as last_rejected_at
from ranked
where refusal_rank = 1
