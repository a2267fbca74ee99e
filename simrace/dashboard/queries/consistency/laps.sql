select
    laps.session_id,
    laps.session_started_at,
    laps.lap_number,
    laps.lap_time_s,
    laps.is_pace_eligible,
    laps.pace_ineligible_reason,
    laps.is_trace_eligible
from marts.fct_laps as laps
inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
where
    laps.layout_key = %(layout_key)s
    and coalesce(sessions.driver_id, '') = %(driver_id)s
    and coalesce(sessions.car_id, '') = %(car_id)s
    and laps.lap_time_s is not null
order by laps.session_started_at, laps.session_id, laps.lap_number, laps.piece_number
