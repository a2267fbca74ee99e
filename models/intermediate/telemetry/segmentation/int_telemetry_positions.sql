{%- set before_x, before_y = item_at('bent.before', 1), item_at('bent.before', 2) -%}
{%- set after_x, after_y = item_at('bent.after', 1), item_at('bent.after', 2) -%}
{%- set before_m, after_m = item_at('bent.before', 3), item_at('bent.after', 3) -%}
{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    goes_with='traces',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where
        is_placed_by_position
        and {{ is_any_of('session_id', changed_keys(ref('int_telemetry_sessions'), 'session_id')) }}
),

-- Each session by itself, in a plane of its own: x metres to the east, y metres to the north.
positions as (
    select positions.*
    from sessions
    {{ each_session() }} (
        with samples as (
            select
                samples.session_id,
                samples.elapsed_s,
                samples.lat_deg,
                samples.lon_deg,
                coalesce(
                    samples.lat_deg <> lag(samples.lat_deg) over clock
                    or samples.lon_deg <> lag(samples.lon_deg) over clock,
                    true
                ) as is_new
            from (
                select samples.*
                from {{ ref('int_telemetry_samples') }} as samples
                {{ of_session('samples') }} and samples.session_started_at = sessions.session_started_at
            ) as samples
            where
                samples.lat_deg is not null
                and samples.lon_deg is not null
                -- a receiver without a fix says 0, 0
                and (samples.lat_deg <> 0 or samples.lon_deg <> 0)
            window clock as (partition by samples.session_id order by samples.elapsed_s)
        ),

        held as (
            select
                *,
                max(case when is_new then elapsed_s end) over clock as new_s,
                lead(is_new) over clock as is_left
            from samples
            window clock as (partition by session_id order by elapsed_s)
        ),

        usual as (
            select
                session_id,
                percentile_cont(0.5) within group (order by step_s) as step_s
            from (
                select
                    session_id,
                    elapsed_s - lag(elapsed_s) over (partition by session_id order by elapsed_s) as step_s
                from held
                where is_new
            ) as new_steps
            group by session_id
        ),

        -- Rows between two fixes repeat the first. What is repeated for longer is a car that stands, to its last row.
        fixes as (
            select
                held.session_id,
                held.elapsed_s,
                held.lat_deg,
                held.lon_deg
            from held
            inner join usual on {{ is_same_session('held', 'usual') }}
            where
                held.is_new
                or (held.is_left and held.elapsed_s - held.new_s > {{ var('channel_gap_samples') }} * usual.step_s)
        ),

        origin as (
            select
                session_id,
                min(lat_deg) as lat_deg,
                min(lon_deg) as lon_deg,
                {{ var('metres_per_degree') }} as y_m,
                {{ var('metres_per_degree') }} * cos(radians(min(lat_deg))) as x_m
            from fixes
            group by session_id
        ),

        plane as (
            select
                fixes.session_id,
                fixes.elapsed_s,
                (fixes.lon_deg - origin.lon_deg) * origin.x_m as x_m,
                (fixes.lat_deg - origin.lat_deg) * origin.y_m as y_m
            from fixes
            inner join origin on {{ is_same_session('fixes', 'origin') }}
        ),

        -- a fix that nobody could have driven to and from is an error of the receiver
        likely as (
            select
                session_id,
                elapsed_s,
                x_m,
                y_m
            from (
                select
                    *,
                    sqrt(power(x_m - lag(x_m) over clock, 2) + power(y_m - lag(y_m) over clock, 2))
                    / (elapsed_s - lag(elapsed_s) over clock) as speed_before_mps,
                    sqrt(power((lead(x_m) over clock) - x_m, 2) + power((lead(y_m) over clock) - y_m, 2))
                    / ((lead(elapsed_s) over clock) - elapsed_s) as speed_after_mps
                from plane
                window clock as (partition by session_id order by elapsed_s)
            ) as moved
            where
                speed_before_mps is null
                or speed_after_mps is null
                or least(speed_before_mps, speed_after_mps) <= {{ var('position_fastest_mps') }}
        ),

        -- where the receiver lost the car, nobody knows the way between the two fixes
        runs as (
            select
                *,
                sum(cast(follows_hole as integer)) over (
                    partition by session_id order by elapsed_s rows unbounded preceding
                ) as run
            from (
                select
                    *,
                    coalesce(
                        step_m > {{ var('trace_step_m') }}
                        and (
                            step_s > {{ var('line_crossing_gap_s') }}
                            or step_m > {{ var('position_fastest_mps') }} * step_s
                        ),
                        false
                    ) as follows_hole
                from (
                    select
                        *,
                        elapsed_s - lag(elapsed_s) over clock as step_s,
                        sqrt(power(x_m - lag(x_m) over clock, 2) + power(y_m - lag(y_m) over clock, 2)) as step_m
                    from likely
                    window clock as (partition by session_id order by elapsed_s)
                ) as moved
            ) as lost
        ),

        -- the line through the fixes near to each, so that neither an edge nor an uneven clock shifts it
        smoothed as (
            select
                session_id,
                elapsed_s,
                follows_hole,
                coalesce({{ line_through('x_m', 'elapsed_s', 'near') }}, x_m) as x_m,
                coalesce({{ line_through('y_m', 'elapsed_s', 'near') }}, y_m) as y_m
            from runs
            window near as (
                partition by session_id, run
                order by elapsed_s
                range between
                {{ var('position_smoothing_s') }} preceding and {{ var('position_smoothing_s') }} following
            )
        ),

        driven as (
            select
                *,
                sum(coalesce(step_m, 0)) over (
                    partition by session_id order by elapsed_s rows unbounded preceding
                ) as driven_m
            from (
                select
                    *,
                    sqrt(power(x_m - lag(x_m) over clock, 2) + power(y_m - lag(y_m) over clock, 2)) as step_m
                from smoothed
                window clock as (partition by session_id order by elapsed_s)
            ) as steps
        ),

        -- how the way bends: the circle through a fix and those that lie before and after it
        bent as (
            select
                *,
                last_value({{ array_of(['x_m', 'y_m', 'driven_m']) }}) over (
                    partition by session_id
                    order by driven_m
                    range between unbounded preceding and {{ var('position_curvature_m') }} preceding
                ) as before,
                {{ value_beyond(array_of(['x_m', 'y_m', 'driven_m']), 'driven_m', var('position_curvature_m')) }}
                    as after
            from driven
        )

        select
            bent.session_id,
            bent.elapsed_s,
            {{ rounded('origin.lat_deg + bent.y_m / origin.y_m', 8) }} as lat_deg,
            {{ rounded('origin.lon_deg + bent.x_m / origin.x_m', 8) }} as lon_deg,
            {{ rounded('bent.driven_m', 3) }} as driven_m,
            cast(case
                -- with a fix every 96 m at least
                when
                    greatest(bent.driven_m - {{ before_m }}, {{ after_m }} - bent.driven_m)
                    <= 6 * {{ var('position_curvature_m') }}
                    then
                        2 * (
                            (bent.x_m - {{ before_x }}) * ({{ after_y }} - bent.y_m)
                            - (bent.y_m - {{ before_y }}) * ({{ after_x }} - bent.x_m)
                        ) / nullif(
                            sqrt(power(bent.x_m - {{ before_x }}, 2) + power(bent.y_m - {{ before_y }}, 2))
                            * sqrt(power({{ after_x }} - bent.x_m, 2) + power({{ after_y }} - bent.y_m, 2))
                            * sqrt(power({{ after_x }} - {{ before_x }}, 2) + power({{ after_y }} - {{ before_y }}, 2)),
                            0
                        )
            end as real) as curvature_per_m,
            bent.follows_hole
        from bent
        inner join origin on {{ is_same_session('bent', 'origin') }}
    ) as positions {{ on_session('positions') }}
)

select
    session_id,
    elapsed_s,
    lat_deg,
    lon_deg,
    driven_m,
    curvature_per_m,
    follows_hole
from positions
