select
    stint_number,
    first_lap_number,
    last_lap_number,
    pace_laps,
    best_lap_time_s,
    median_lap_time_s,
    lap_time_slope_s,
    fuel_per_lap_l,
    driven_km
from marts.fct_stints
where session_id = %(session_id)s
order by stint_number
