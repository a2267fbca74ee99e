{%- set linear = [
    'speed_mps', 'throttle_ratio', 'brake_ratio', 'clutch_pedal_ratio', 'steering_deg', 'rpm', 'lat_g', 'long_g',
    'curvature_per_m', 'lat_deg', 'lon_deg'
] -%}
{%- set x_m -%}
    case
        when satellite_points >= {{ var('channel_share') }} * lap_points
            then (lon_deg - origin_lon_deg) * {{ var('metres_per_degree') }} * cos(radians(origin_lat_deg))
        when curvature_points >= {{ var('channel_share') }} * lap_points
            then walked_x_m - lap_x_m * distance_m / length_m
    end
{%- endset -%}
{%- set y_m -%}
    case
        when satellite_points >= {{ var('channel_share') }} * lap_points
            then (lat_deg - origin_lat_deg) * {{ var('metres_per_degree') }}
        when curvature_points >= {{ var('channel_share') }} * lap_points
            then walked_y_m - lap_y_m * distance_m / length_m
    end
{%- endset -%}
{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_layouts',
    partition_by_month='session_started_at',
    goes_with='traces',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

with sessions as (
    select * from {{ ref('int_telemetry_session_layouts') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_layouts'), 'session_id')) }}
),

-- Each session by itself: its samples are sorted in memory, and what it costs depends on no other.
traces as (
    select
        sessions.origin_lat_deg,
        sessions.origin_lon_deg,
        sessions.session_started_at,
        walked.*
    from sessions
    {{ each_session() }} (
        with laps as (
            select laps.* from {{ ref('int_telemetry_laps_classified') }} as laps
            {{ of_session('laps') }} and laps.is_trace_eligible
        ),

        samples as (
            select samples.* from {{ ref('int_telemetry_lap_samples') }} as samples
            -- between places that are known, time goes on evenly
            {{ of_session('samples') }} and samples.distance_m is not null
        ),

        steps as (
            select
                *,
                lag(piece_number) over clock as previous_piece_number,
                lag(distance_m) over clock as previous_distance_m,
                lag(reached_m) over clock as previous_reached_m,
                lag(gear) over clock as previous_gear,
                -- one window function for all of them: each costs as much as the rest of the row
                lag({{ array_of(linear) }}) over clock as previous_channels,
                lead(elapsed_s) over clock is null as is_last,
                cast(floor(length_m / {{ var('trace_step_m') }}) as integer) + 1 as grid_points
            from samples
            window clock as (partition by session_id order by elapsed_s)
        ),

        -- A step across the line ends one lap and begins the next: its points before the line are counted down from -1.
        -- No other step has such points, and no lap has points past its end, wherever its samples say that they are.
        spans as (
            select
                *,
                case
                    when previous_piece_number is null then 0
                    when previous_piece_number = piece_number
                        then greatest(cast(floor(previous_reached_m / {{ var('trace_step_m') }}) as integer) + 1, 0)
                    else
                        least(
                            cast(floor(previous_reached_m / {{ var('trace_step_m') }}) as integer) + 1 - grid_points, 0
                        )
                end as first_point,
                -- a file that stops just before the line holds its last values up to it
                case
                    when is_last then grid_points - 1
                    else
                        least(
                            greatest(cast(floor(reached_m / {{ var('trace_step_m') }}) as integer), -1), grid_points - 1
                        )
                end as last_point,
                case
                    when previous_piece_number = piece_number then previous_distance_m
                    else previous_distance_m - length_m
                end as from_distance_m
            from steps
        ),

        points as (
            select
                spans.*,
                case when points.point < 0 then spans.previous_piece_number else spans.piece_number end
                    as point_piece_number,
                case when points.point < 0 then points.point + spans.grid_points else points.point end as grid_point,
                case
                    when points.point < 0
                        then (points.point + spans.grid_points) * {{ var('trace_step_m') }} - spans.length_m
                    else points.point * {{ var('trace_step_m') }}
                end as to_distance_m
            from spans
            cross join lateral {{ whole_numbers('spans.first_point', 'spans.last_point') }} as points (point)
            -- most samples lie between two points
            where spans.first_point <= spans.last_point
        ),

        shared as (
            select
                *,
                case
                    when previous_piece_number is null or to_distance_m >= distance_m then 1
                    when distance_m <= from_distance_m then 1
                    else greatest((to_distance_m - from_distance_m) / (distance_m - from_distance_m), 0)
                end as share
            from points
        ),

        of_laps as (
            select
                shared.*,
                laps.lap_number,
                laps.lap_time_s,
                -- engines divide numerics to different numbers of digits
                cast(laps.lap_time_s as {{ type_double() }})
                / cast(laps.measured_lap_time_s as {{ type_double() }}) as stretch,
                laps.started_elapsed_s as lap_started_s
            from shared
            inner join laps
                on shared.point_piece_number = laps.piece_number and {{ is_same_session('shared', 'laps') }}
        ),

        interpolated as (
            select
                session_id,
                lap_number,
                grid_point,
                cast(grid_point * {{ var('trace_step_m') }} as {{ type_double() }}) as distance_m,
                length_m,
                cast(lap_time_s as {{ type_double() }}) as lap_time_s,
                stretch * case
                    when previous_piece_number is null and distance_m > 0
                        then to_distance_m / distance_m * (elapsed_s - lap_started_s)
                    when is_last and to_distance_m > distance_m
                        then
                            elapsed_s - lap_started_s
                            + (to_distance_m - distance_m) / (length_m - distance_m)
                            * (ended_elapsed_s - elapsed_s)
                    else
                        previous_elapsed_s + share * (elapsed_s - previous_elapsed_s)
                        - lap_started_s
                end as lap_elapsed_s,
                {% for channel in linear -%}
                    {{ interpolated(channel, loop.index) }} as {{ channel }},
                {% endfor -%}
                case when share < 0.5 then previous_gear else gear end as gear
            from of_laps
        ),

        -- Without satellites: turn by the curvature, go on by the step, and share out over the lap what does not close.
        turned as (
            select
                *,
                sum(coalesce(curvature_per_m, 0) * {{ var('trace_step_m') }}) over (
                    partition by session_id, lap_number order by grid_point
                ) as heading_rad,
                sum(coalesce(curvature_per_m, 0) * {{ var('trace_step_m') }}) over (
                    partition by session_id, lap_number
                    order by grid_point
                    rows between unbounded preceding and unbounded following
                ) as lap_turn_rad,
                count(curvature_per_m) over (partition by session_id, lap_number) as curvature_points,
                count(lat_deg) over (partition by session_id, lap_number) as satellite_points,
                count(*) over (partition by session_id, lap_number) as lap_points
            from interpolated
        ),

        headed as (
            select
                *,
                heading_rad
                - (lap_turn_rad - {{ half_even('lap_turn_rad / (2 * pi())') }} * 2 * pi()) * distance_m / length_m
                    as closed_heading_rad
            from turned
        ),

        walked as (
            select
                *,
                sum(cos(closed_heading_rad) * {{ var('trace_step_m') }}) over so_far as walked_x_m,
                sum(sin(closed_heading_rad) * {{ var('trace_step_m') }}) over so_far as walked_y_m,
                sum(cos(closed_heading_rad) * {{ var('trace_step_m') }}) over whole_lap as lap_x_m,
                sum(sin(closed_heading_rad) * {{ var('trace_step_m') }}) over whole_lap as lap_y_m
            from headed
            window
                so_far as (partition by session_id, lap_number order by grid_point),
                whole_lap as (
                    partition by session_id, lap_number
                    order by grid_point
                    rows between unbounded preceding and unbounded following
                )
        )

        select
            session_id,
            lap_number,
            grid_point,
            distance_m,
            length_m,
            lap_time_s,
            lap_elapsed_s,
            {% for channel in linear -%}
                {{ channel }},
            {% endfor -%}
            gear,
            curvature_points,
            satellite_points,
            lap_points,
            walked_x_m,
            walked_y_m,
            lap_x_m,
            lap_y_m
        from walked
    ) as walked {{ on_session('walked') }}
)

select
    session_id,
    lap_number,
    grid_point,
    case
        when satellite_points >= {{ var('channel_share') }} * lap_points then 'satellite'
        when curvature_points >= {{ var('channel_share') }} * lap_points then 'heading'
    end as position_source,
    cast(distance_m as real) as distance_m,
    -- between the line and the line, whatever rounding does
    cast(least(greatest(lap_elapsed_s, 0), lap_time_s) as {{ type_double() }}) as lap_elapsed_s,
    cast(speed_mps * 3.6 as real) as speed_kph,
    cast(throttle_ratio as real) as throttle_ratio,
    cast(brake_ratio as real) as brake_ratio,
    cast(clutch_pedal_ratio as real) as clutch_pedal_ratio,
    cast(steering_deg as real) as steering_deg,
    gear,
    cast(rpm as real) as rpm,
    cast(lat_g as real) as lat_g,
    cast(long_g as real) as long_g,
    cast(curvature_per_m as real) as curvature_per_m,
    -- to the micrometre: what engines' cosines and sums differ by is less
    cast({{ rounded(x_m, 6) }} as real) as x_m,
    cast({{ rounded(y_m, 6) }} as real) as y_m,
    session_started_at
from traces
