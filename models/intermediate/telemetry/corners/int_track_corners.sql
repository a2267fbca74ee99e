{{ config(materialized='table') }}

with layouts as (
    select * from {{ ref('int_track_layouts_measured') }}
),

frozen as (
    select * from {{ ref('stg_telemetry__track_corners') }}
),

found as (
    select * from {{ ref('int_track_corners_found') }}
),

corners as (
    select
        layouts.layout_key,
        layouts.layout_id,
        frozen.corner_number,
        coalesce(frozen.corner_name, cast(frozen.corner_number as {{ dbt.type_string() }})) as corner_name,
        frozen.direction,
        'seed' as corner_source,
        cast(null as uuid) as reference_session_id,
        cast(null as integer) as reference_lap_number,
        layouts.length_m,
        frozen.start_m,
        frozen.apex_m,
        frozen.end_m
    from layouts
    inner join frozen on layouts.layout_id = frozen.layout_id
    union all
    select
        layouts.layout_key,
        layouts.layout_id,
        found.corner_number,
        cast(found.corner_number as {{ dbt.type_string() }}) as corner_name,
        found.direction,
        'reference_lap' as corner_source,
        found.session_id as reference_session_id,
        found.lap_number as reference_lap_number,
        layouts.length_m,
        found.start_m,
        found.apex_m,
        found.end_m
    from layouts
    inner join found on layouts.layout_key = found.layout_key
    where not exists (
            select 1 from frozen
            where frozen.layout_id = layouts.layout_id
        )
)

select
    layout_key,
    layout_id,
    corner_number,
    corner_name,
    direction,
    corner_source,
    reference_session_id,
    reference_lap_number,
    cast(start_m as numeric(9, 1)) as start_m,
    cast(apex_m as numeric(9, 1)) as apex_m,
    cast(end_m as numeric(9, 1)) as end_m,
    -- Each corner gets the lap up to half-way to the next one. Brakes are stronger than engines, so the braking for a
    -- corner lies in its own half of the straight.
    cast(coalesce((lag(end_m) over lap + start_m) / 2, 0) as numeric(9, 1)) as zone_start_m,
    cast(coalesce((end_m + lead(start_m) over lap) / 2, length_m) as numeric(9, 1)) as zone_end_m
from corners
window lap as (partition by layout_key order by corner_number)
