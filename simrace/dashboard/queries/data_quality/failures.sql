select
    node,
    resource_type,
    status,
    failures,
    message,
    command,
    started_at
from marts.dbt_run_results
where is_latest and status in ('error', 'fail', 'runtime error', 'warn')
order by started_at desc, node asc
