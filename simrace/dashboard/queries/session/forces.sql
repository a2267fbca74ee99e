select
    distance_m,
    lat_g,
    long_g,
    speed_kph
from marts.fct_lap_traces
where session_id = %(session_id)s and lap_number = %(lap_number)s
order by grid_point
