{{ config(materialized='view') }}

with runs as (
    select * from {{ ref('int_runs_counted') }}
)

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
    cast(dbt_nodes as integer) as dbt_nodes,
    cast(dbt_nodes_failed as integer) as dbt_nodes_failed,
    cast(dbt_nodes_warned as integer) as dbt_nodes_warned,
    bytes_landed,
    landing_s,
    dbt_s,
    run_s,
    started_at,
    ended_at
from runs
