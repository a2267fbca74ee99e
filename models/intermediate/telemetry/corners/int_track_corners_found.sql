{%- set step = var('trace_step_m') -%}
{%- set reach = (var('corner_smoothing_m') / step) | round | int -%}
{{ config(materialized='incremental', key='layout_key', fingerprints='int_track_reference_laps') }}

with reference_laps as (
    select * from {{ ref('int_track_reference_laps') }}
    where {{ is_any_of('layout_key', changed_keys(ref('int_track_reference_laps'), 'layout_key')) }}
),

smoothed as (
    select
        reference_laps.layout_key,
        reference_laps.session_id,
        reference_laps.lap_number,
        traces.grid_point,
        cast(traces.distance_m as {{ type_double() }}) as distance_m,
        avg(cast(traces.curvature_per_m as {{ type_double() }})) over (
            partition by reference_laps.layout_key
            order by traces.grid_point
            rows between {{ reach }} preceding and {{ reach }} following
        ) as curvature_per_m
    from reference_laps
    inner join {{ ref('int_telemetry_lap_traces') }} as traces
        on reference_laps.session_id = traces.session_id and reference_laps.lap_number = traces.lap_number
),

sided as (
    select
        *,
        case
            when curvature_per_m >= {{ var('corner_curvature_off') }} then 1
            when curvature_per_m <= -{{ var('corner_curvature_off') }} then -1
            else 0
        end as side
    from smoothed
),

-- The bound is crossed between two grid points; interpolate the curvature to find where. With + 0 a 0 has no sign:
-- that of a negative one is another number to Sail.
steps as (
    select
        *,
        case when side = lag(side) over lap then 0 else 1 end as is_change,
        lead(side) over lap as next_side,
        distance_m - {{ step }} * coalesce(
            (side * curvature_per_m - {{ var('corner_curvature_off') }})
            / nullif(side * (curvature_per_m - lag(curvature_per_m) over lap) + 0, 0), 0
        ) as crossed_before_m,
        distance_m + {{ step }} * coalesce(
            (side * curvature_per_m - {{ var('corner_curvature_off') }})
            / nullif(side * (curvature_per_m - lead(curvature_per_m) over lap) + 0, 0), 0
        ) as crossed_after_m
    from sided
    window lap as (partition by layout_key order by grid_point)
),

runs as (
    select
        *,
        sum(is_change) over (partition by layout_key order by grid_point) as run_number
    from steps
),

bends as (
    select
        layout_key,
        session_id,
        lap_number,
        run_number,
        side,
        min(case when is_change = 1 then crossed_before_m end) as start_m,
        max(case when next_side is distinct from side then crossed_after_m end) as end_m,
        max(abs(curvature_per_m)) as sharpest_per_m,
        sum(abs(curvature_per_m)) as weight,
        sum(abs(curvature_per_m) * distance_m) as weighted_m
    from runs
    where side <> 0
    group by layout_key, session_id, lap_number, run_number, side
    having
        max(abs(curvature_per_m)) >= {{ var('corner_curvature_on') }}
        and degrees(sum(abs(curvature_per_m)) * {{ step }}) >= {{ var('corner_smallest_angle_deg') }}
),

breaks as (
    select
        *,
        case
            when
                side = lag(side) over lap
                and start_m - lag(end_m) over lap <= {{ var('corner_merge_m') }}
                then 0
            else 1
        end as is_new
    from bends
    window lap as (partition by layout_key order by run_number)
),

merged as (
    select
        *,
        sum(is_new) over (partition by layout_key order by run_number) as corner_number
    from breaks
)

select
    layout_key,
    session_id,
    lap_number,
    cast(corner_number as integer) as corner_number,
    case when max(side) > 0 then 'left' else 'right' end as direction,
    {{ fixed('min(start_m)', 9, 1) }} as start_m,
    {{ fixed('sum(weighted_m) / sum(weight)', 9, 1) }} as apex_m,
    {{ fixed('max(end_m)', 9, 1) }} as end_m,
    {{ fixed('degrees(sum(weight) * ' ~ step ~ ')', 6, 1) }} as angle_deg,
    {{ fixed('1 / max(sharpest_per_m)', 9, 1) }} as radius_m
from merged
group by layout_key, session_id, lap_number, corner_number
