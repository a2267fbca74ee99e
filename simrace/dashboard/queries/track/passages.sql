-- The best of each driver and car through each corner, over the laps that count for pace.
select
    sessions.driver_id,
    max(drivers.driver_name) as driver_name,
    sessions.car_id,
    max(cars.car_name) as car_name,
    coalesce(max(cars.car_class_name), 'none') as car_class_name,
    passages.corner_number,
    min(passages.time_s) as time_s,
    max(passages.min_speed_kph) as min_speed_kph,
    count(*) as laps
from marts.fct_lap_corners as passages
inner join marts.fct_laps as laps
    on passages.session_id = laps.session_id and passages.lap_number = laps.lap_number
inner join marts.dim_sessions as sessions on passages.session_id = sessions.session_id
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
where passages.layout_key = %(layout_key)s and laps.layout_key = %(layout_key)s and laps.is_pace_eligible
group by sessions.driver_id, sessions.car_id, passages.corner_number
order by sessions.driver_id, sessions.car_id, passages.corner_number
