with layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

corners as (
    select
        layout_key,
        string_agg(
            concat_ws(':', corner_number, direction, zone_start_m, start_m, apex_m, end_m), ',' order by corner_number
        ) as corners
    from {{ ref('int_track_corners') }}
    group by layout_key
)

select
    layouts.session_id,
    layouts.layout_key,
    md5(concat_ws('|', layouts.input_hash, corners.corners)) as input_hash
from layouts
left join corners on layouts.layout_key = corners.layout_key
