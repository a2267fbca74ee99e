select
    corner_number,
    time_s,
    brake_point_m,
    entry_speed_kph,
    min_speed_kph,
    exit_speed_kph,
    throttle_on_m,
    gear
from marts.fct_lap_corners
where session_id = %(session_id)s and lap_number = %(lap_number)s
order by corner_number
