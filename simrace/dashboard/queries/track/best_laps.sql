select
    sessions.driver_id,
    sessions.car_id,
    laps.session_id,
    laps.lap_number,
    laps.lap_time_s,
    laps.is_trace_eligible
from marts.fct_laps as laps
inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
where laps.layout_key = %(layout_key)s and laps.is_pace_eligible
order by laps.lap_time_s, laps.session_id, laps.lap_number
