{{ config(materialized='view', schema='ops') }}

with layouts as (
    select * from {{ ref('int_track_layouts_measured') }}
    where layout_id is not null
),

corners as (
    select * from {{ ref('int_track_corners_found') }}
)

select
    layouts.layout_id,
    corners.corner_number,
    corners.direction,
    layouts.length_m,
    corners.start_m,
    corners.apex_m,
    corners.end_m
from layouts
left join corners on layouts.layout_key = corners.layout_key
