{{ config(materialized='view') }}

with runs as (
    select * from {{ source('ops', 'runs') }}
),

results as (
    select
        invocation_id,
        count(*) as dbt_nodes,
        count(case when is_failed then 1 end) as dbt_nodes_failed,
        count(case when status = 'warn' then 1 end) as dbt_nodes_warned
    from {{ ref('dbt_run_results') }}
    group by invocation_id
)

select
    runs.run_id,
    runs.invocation_id,
    runs.command,
    runs.outcome,
    runs.error,
    runs.files_found,
    runs.files_landed,
    runs.files_already_landed,
    runs.files_refused,
    cast(results.dbt_nodes as integer) as dbt_nodes,
    cast(results.dbt_nodes_failed as integer) as dbt_nodes_failed,
    cast(results.dbt_nodes_warned as integer) as dbt_nodes_warned,
    runs.bytes_landed,
    runs.landing_s,
    runs.dbt_s,
    cast(extract(epoch from runs.ended_at - runs.started_at) as double precision) as run_s,
    runs.started_at,
    runs.ended_at
from runs
left join results on runs.invocation_id = results.invocation_id
