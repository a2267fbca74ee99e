select
    count(*) as figures,
    count(*) filter (where not passes) as failing
from marts.data_quality_kpis_latest
where limit_value is not null and is_alert
