{{ config(materialized='view') }}

with results as (
    select * from {{ source('ops', 'dbt_results') }}
)

select
    invocation_id,
    unique_id,
    command,
    node,
    resource_type,
    status,
    message,
    rows_affected,
    failures,
    seconds,
    row_number() over (partition by unique_id order by started_at desc, invocation_id desc) = 1 as is_latest,
    status in ('error', 'fail', 'runtime error') as is_failed,
    started_at
from results
