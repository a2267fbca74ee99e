select
    kpi,
    value,
    comparison,
    limit_value,
    unit,
    passes,
    measured_at
from marts.data_quality_kpis_latest
order by passes nulls last, kpi
