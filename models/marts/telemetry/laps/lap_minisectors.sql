{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_layouts',
    pre_hook='{{ find_sessions_by_index() }}',
) }}
{%- set minisectors = var('minisectors') %}
{%- set passed_s -%}
    before.lap_elapsed_s + (cast(bounds.end_m as {{ type_double() }}) - before.distance_m)
    * (coalesce(after.lap_elapsed_s, cast(bounds.lap_time_s as {{ type_double() }})) - before.lap_elapsed_s)
    / (coalesce(after.distance_m, cast(bounds.length_m as {{ type_double() }})) - before.distance_m)
{%- endset %}

with laps as (
    select
        laps.session_id,
        laps.lap_number,
        laps.lap_time_s,
        laps.is_pace_eligible,
        layouts.length_m
    from {{ ref('fct_laps') }} as laps
    inner join {{ ref('int_telemetry_session_layouts') }} as layouts on laps.session_id = layouts.session_id
    where
        laps.is_trace_eligible
        and {{ is_any_of('laps.session_id', changed_keys(ref('int_telemetry_session_layouts'), 'session_id')) }}
),

traces as (
    select * from {{ ref('int_telemetry_lap_traces') }}
    where
        {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_layouts'), 'session_id')) }}
),

bounds as (
    select
        laps.session_id,
        laps.lap_number,
        laps.lap_time_s,
        laps.is_pace_eligible,
        laps.length_m,
        numbers.minisector,
        laps.length_m * numbers.minisector / {{ minisectors }} as end_m,
        cast(floor(laps.length_m * numbers.minisector / {{ minisectors }} / {{ var('trace_step_m') }}) as integer)
            as point_before
    from laps
    cross join (
        {% for minisector in range(1, minisectors + 1) -%}
            select {{ minisector }} as minisector{{ ' union all' if not loop.last }}
        {% endfor %}
    ) as numbers
),

-- Round the times at the ends before subtracting, so that the mini-sectors sum exactly to the lap.
timed as (
    select
        bounds.session_id,
        bounds.lap_number,
        bounds.lap_time_s,
        bounds.is_pace_eligible,
        bounds.minisector,
        bounds.end_m,
        bounds.length_m,
        case
            when bounds.minisector = {{ minisectors }} then bounds.lap_time_s
            else {{ fixed(passed_s, 10, 3) }}
        end as end_s
    from bounds
    inner join traces as before
        on
            bounds.session_id = before.session_id
            and bounds.lap_number = before.lap_number
            and bounds.point_before = before.grid_point
    left join traces as after
        on
            bounds.session_id = after.session_id
            and bounds.lap_number = after.lap_number
            and bounds.point_before + 1 = after.grid_point
),

lasting as (
    select
        *,
        coalesce(lag(end_m) over lap, 0) as start_m,
        end_s - coalesce(lag(end_s) over lap, 0) as time_s
    from timed
    window lap as (partition by session_id, lap_number order by minisector)
),

compared as (
    select
        *,
        -- compare with the session's own best lap, so that nothing landed later changes the row
        first_value(lap_number) over best_first as best_lap_number,
        first_value(is_pace_eligible) over best_first as has_best_lap,
        first_value(time_s) over best_first as best_lap_time_in_s,
        min(case when is_pace_eligible then time_s end) over (partition by session_id, minisector) as best_time_in_s
    from lasting
    window best_first as (partition by session_id, minisector order by not is_pace_eligible, lap_time_s, lap_number)
)

select
    session_id,
    lap_number,
    cast(minisector as integer) as minisector,
    case when has_best_lap then best_lap_number end as session_best_lap_number,
    cast(start_m as numeric(9, 2)) as start_m,
    cast(end_m as numeric(9, 2)) as end_m,
    cast(time_s as numeric(10, 3)) as time_s,
    cast(best_time_in_s as numeric(10, 3)) as session_best_time_s,
    cast(case when has_best_lap then time_s - best_lap_time_in_s end as numeric(10, 3)) as delta_s
from compared
