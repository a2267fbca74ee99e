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
    layouts.line_session_id,
    layouts.line_piece_number,
    coalesce(sessions.is_placed_by_position and layouts.line_session_id is not null, false) as has_line,
    md5(concat_ws(
        '|',
        sessions.input_hash,
        layouts.layout_key,
        layouts.length_m,
        layouts.origin_lat_deg,
        layouts.origin_lon_deg,
        case
            when sessions.is_placed_by_position
                then concat_ws(':', layouts.line_session_id, layouts.line_piece_number, line_sessions.input_hash)
        end
    )) as input_hash,
    sessions.session_started_at
from sessions
left join starts on sessions.session_id = starts.session_id
left join layouts on {{ layout_key('sessions', own_layout) }} = layouts.layout_key
left join sessions as line_sessions on layouts.line_session_id = line_sessions.session_id
