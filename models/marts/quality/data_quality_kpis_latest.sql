{{ config(materialized='view') }}

with kpis as (
    select * from {{ ref('data_quality_kpis') }}
)

select
    kpi,
    unit,
    comparison,
    value,
    limit_value,
    passes,
    is_alert,
    measured_at
from kpis
where measured_at = (select max(measured_at) from kpis)
