select
    run_id,
    invocation_id,
    command,
    outcome,
    error,
    files_found,
    files_landed,
    files_already_landed,
    files_refused,
    bytes_landed,
    landing_s,
    dbt_s,
    started_at,
    ended_at
from {{ source('ops', 'runs') }}
