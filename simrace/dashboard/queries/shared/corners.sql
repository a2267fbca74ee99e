select
    corner_number,
    corner_name,
    direction,
    start_m,
    apex_m,
    end_m,
    zone_start_m,
    zone_end_m
from marts.dim_track_corners
where layout_key = %(layout_key)s
order by corner_number
