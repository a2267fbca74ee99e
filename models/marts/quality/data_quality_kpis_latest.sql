{{ config(materialized='view') }}

with kpis as (
    select * from {{ ref('data_quality_kpis') }}
),

last_measurement as (
    select max(measured_at) as measured_at from kpis
)

select
    kpis.kpi,
    kpis.unit,
    kpis.comparison,
    kpis.value,
    kpis.limit_value,
    kpis.passes,
    kpis.is_alert,
    kpis.measured_at
from kpis
inner join last_measurement on kpis.measured_at = last_measurement.measured_at
