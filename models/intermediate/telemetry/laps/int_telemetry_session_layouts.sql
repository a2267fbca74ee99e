{{ config(materialized='table') }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

layouts as (
    select * from {{ ref('int_track_layouts_measured') }}
)

select
    sessions.session_id,
    layouts.layout_key,
    layouts.length_m,
    layouts.origin_lat_deg,
    layouts.origin_lon_deg,
    md5(concat_ws(
        '|',
        sessions.input_hash,
        layouts.layout_key,
        layouts.length_m,
        layouts.origin_lat_deg,
        layouts.origin_lon_deg
    )) as input_hash,
    sessions.session_started_at
from sessions
left join layouts on {{ layout_key('sessions') }} = layouts.layout_key
