-- Who drives the cleanest, told fairly over short and long races?
-- Incident points per 100 corners driven, of drivers with 100 corners or more: a race of 60 laps offers more occasions
-- than one of 10. corners_per_incident says the same the way iRacing does. Only races whose files count incidents and
-- corners.
with incident_rates as (
    select * from {{ ref('incident_rates') }}
),

drivers as (
    select * from {{ ref('dim_drivers') }}
)

select
    drivers.driver_name,
    sum(incident_rates.races) as races,
    sum(incident_rates.corners) as corners,
    sum(incident_rates.incidents_over_corners) as incidents,
    round(100.0 * sum(incident_rates.incidents_over_corners) / sum(incident_rates.corners), 3)
        as incidents_per_100_corners,
    round(cast(sum(incident_rates.corners) as numeric) / nullif(sum(incident_rates.incidents_over_corners), 0), 0)
        as corners_per_incident
from incident_rates
inner join drivers on incident_rates.driver_id = drivers.driver_id
group by drivers.driver_id, drivers.driver_name
having sum(incident_rates.corners) >= 100
order by incidents_per_100_corners asc, corners desc
