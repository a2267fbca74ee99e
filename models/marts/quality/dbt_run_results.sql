{{ config(materialized='view') }}

with results as (
    select * from {{ ref('int_dbt_results_ranked') }}
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
    recency_rank = 1 as is_latest,
    started_at
from results
