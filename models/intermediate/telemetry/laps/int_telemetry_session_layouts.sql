{%- set own_layout = "case when coalesce(starts.found_by, '') <> 'derived_line' then sessions.layout_id end" -%}
{{ config(materialized='table') }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

layouts as (
    select * from {{ ref('int_track_layouts_measured') }}
),

starts as (
    select * from {{ ref('int_telemetry_lap_starts') }}
    where piece_number = 1
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
left join starts on sessions.session_id = starts.session_id
left join layouts on {{ layout_key('sessions', own_layout) }} = layouts.layout_key
