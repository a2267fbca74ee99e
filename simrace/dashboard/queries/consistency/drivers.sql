-- Each driver and car of a layout: how many laps there are, and how alike those at pace are.
select
    sessions.driver_id,
    max(drivers.driver_name) as driver_name,
    sessions.car_id,
    max(cars.car_name) as car_name,
    count(*) as whole_laps,
    count(*) filter (where laps.is_pace_eligible) as pace_laps,
    count(distinct laps.session_id) as sessions,
    min(laps.lap_time_s) filter (where laps.is_pace_eligible) as best_lap_s,
    percentile_cont(0.25) within group (order by laps.lap_time_s)
    filter (where laps.is_pace_eligible) as lower_quartile_s,
    percentile_cont(0.5) within group (order by laps.lap_time_s)
    filter (where laps.is_pace_eligible) as median_lap_s,
    percentile_cont(0.75) within group (order by laps.lap_time_s)
    filter (where laps.is_pace_eligible) as upper_quartile_s
from marts.fct_laps as laps
inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
where laps.layout_key = %(layout_key)s and laps.lap_time_s is not null
group by sessions.driver_id, sessions.car_id
order by pace_laps desc, best_lap_s asc, sessions.driver_id asc, sessions.car_id asc
