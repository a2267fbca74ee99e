select
    rates.month_date,
    layouts.track_name,
    layouts.config_name,
    rates.series_name,
    rates.races,
    rates.laps,
    rates.incidents,
    rates.incidents_per_100_corners
from marts.incident_rates as rates
left join marts.dim_track_layouts as layouts on rates.layout_id = layouts.layout_id
where rates.driver_id = %(driver_id)s
order by rates.month_date desc, layouts.track_name asc, rates.series_name asc
