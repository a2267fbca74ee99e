select
    invocation_id,
    unique_id,
    command,
    node,
    resource_type,
    status,
    message,
    seconds,
    rows_affected,
    failures,
    started_at,
    row_number() over (partition by unique_id order by started_at desc, invocation_id desc) as recency_rank
from {{ ref('stg_ops__dbt_results') }}
