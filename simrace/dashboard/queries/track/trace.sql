select
    distance_m,
    lap_elapsed_s,
    speed_kph,
    x_m,
    y_m
from marts.fct_lap_traces
where session_id = %(session_id)s and lap_number = %(lap_number)s
order by grid_point
