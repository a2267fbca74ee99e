select
    corner_number,
    corner_name,
    direction,
    apex_m
from marts.dim_track_corners
where layout_key = %(layout_key)s
order by corner_number
