{{ config(materialized='table') }}

with iracing_results as (
    select * from {{ ref('stg_iracing__race_results') }}
),

acc_results as (
    select * from {{ ref('stg_acc__race_results') }}
)

select {{ race_result_columns() | join(', ') }}
from iracing_results
union all
select {{ race_result_columns() | join(', ') }}
from acc_results
