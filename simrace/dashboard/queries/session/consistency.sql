select
    pace_laps,
    driven_km,
    best_lap_time_s,
    median_lap_time_s,
    theoretical_best_s,
    theoretical_gain_s,
    best_rolling_lap_s,
    lap_time_deviation_s,
    lap_time_variation_ratio
from marts.session_consistency
where session_id = %(session_id)s
