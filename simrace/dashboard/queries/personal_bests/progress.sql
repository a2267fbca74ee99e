select
    consistency.session_id,
    consistency.session_started_at,
    consistency.best_lap_time_s,
    consistency.median_lap_time_s,
    consistency.theoretical_best_s,
    consistency.pace_laps
from marts.session_consistency as consistency
inner join marts.dim_sessions as sessions on consistency.session_id = sessions.session_id
where
    sessions.driver_id = %(driver_id)s
    and sessions.layout_id = %(layout_id)s
    and sessions.car_id = %(car_id)s
    and consistency.best_lap_time_s is not null
order by consistency.session_started_at, consistency.session_id
