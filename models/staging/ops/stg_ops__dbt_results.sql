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
    started_at
from {{ source('ops', 'dbt_results') }}
