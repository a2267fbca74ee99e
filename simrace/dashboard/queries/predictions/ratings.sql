-- Where the latest ratings are expected to go in ten races, and how often the forecast was nearer than the naive one.
select
    coalesce(drivers.driver_name, forecasts.driver_id) as driver,
    coalesce(categories.title, forecasts.license_category_id) as category,
    forecasts.irating,
    forecasts.expected_irating,
    forecasts.low_irating,
    forecasts.high_irating,
    forecasts.races_ahead,
    forecasts.better_share,
    forecasts.coverage
from marts.rating_forecast as forecasts
inner join marts.dim_drivers as drivers on forecasts.driver_id = drivers.driver_id
left join marts.dim_license_categories as categories
    on forecasts.license_category_id = categories.license_category_id
where forecasts.races_ahead = (select max(races_ahead) from marts.rating_forecast)
order by forecasts.irating desc, forecasts.driver_id asc, forecasts.license_category_id asc
limit 200
