select
    laps.session_id,
    laps.lap_number,
    laps.lap_time_s,
    laps.is_pace_eligible,
    sessions.driver_id,
    drivers.driver_name,
    sessions.car_id,
    cars.car_name,
    sessions.session_started_at
from marts.fct_laps as laps
inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
where laps.is_trace_eligible and laps.layout_key = %(layout_key)s
order by not laps.is_pace_eligible, laps.lap_time_s, laps.session_id, laps.lap_number
