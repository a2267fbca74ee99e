select
    lap_number,
    full_throttle_ratio,
    braking_ratio,
    coasting_ratio,
    trail_braking_ratio,
    pedal_overlap_ratio,
    steering_rate_rms_dps,
    steering_reversals,
    gear_changes,
    min_speed_kph,
    max_speed_kph,
    peak_lat_g,
    peak_braking_g,
    peak_combined_g
from marts.lap_driving_metrics
where session_id = %(session_id)s
order by lap_number
