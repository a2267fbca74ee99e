select
    started_at,
    command,
    outcome,
    files_found,
    files_landed,
    files_refused,
    dbt_nodes,
    dbt_nodes_failed,
    dbt_nodes_warned,
    landing_s,
    dbt_s,
    run_s,
    error
from marts.warehouse_runs
order by started_at desc
limit 20
