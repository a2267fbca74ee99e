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
        and session_id = any(array({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }}))
),

-- a counter that stands still tells no more of laps than none
uncounted as (
    select candidates.session_id
    from {{ ref('int_telemetry_lap_candidates') }} as candidates
    inner join sessions on candidates.session_id = sessions.session_id
    where
        not exists (
            select 1 from {{ ref('int_telemetry_line_markers') }} as markers
            where markers.session_id = candidates.session_id
        )
    group by candidates.session_id
    having count(distinct candidates.lap_number) <= 1
),

layouts as (
    select * from {{ ref('stg_telemetry__track_layouts') }}
    where start_line_left_lat_deg is not null
),

-- Each session by itself, in a plane of its own: x metres to the east, y metres to the north.
positions as (
    select
        sessions.session_id,
        positions.*
    from sessions
    left join uncounted on sessions.session_id = uncounted.session_id
    left join layouts as own_layouts on sessions.layout_id = own_layouts.layout_id
    cross join lateral (
        with samples as (
            select
                samples.elapsed_s,
                samples.lat_deg,
                samples.lon_deg,
                coalesce(
                    samples.lat_deg <> lag(samples.lat_deg) over clock
                    or samples.lon_deg <> lag(samples.lon_deg) over clock,
                    true
                ) as is_new
            from {{ ref('int_telemetry_samples') }} as samples
            where
                samples.session_id = sessions.session_id
                and samples.session_started_at = sessions.session_started_at
                and samples.lat_deg is not null
                and samples.lon_deg is not null
                -- a receiver without a fix says 0, 0
                and (samples.lat_deg <> 0 or samples.lon_deg <> 0)
            window clock as (order by samples.elapsed_s)
        ),

        held as (
            select
                *,
                max(case when is_new then elapsed_s end) over clock as new_s,
                lead(is_new) over clock as is_left
            from samples
            window clock as (order by elapsed_s)
        ),

        usual as (
            select percentile_cont(0.5) within group (order by new_steps.step_s) as step_s
            from (
                select elapsed_s - lag(elapsed_s) over (order by elapsed_s) as step_s from held
                where is_new
            ) as new_steps
        ),

        -- Rows between two fixes repeat the first. What is repeated for longer is a car that stands, to its last row.
        fixes as (
            select
                held.elapsed_s,
                held.lat_deg,
                held.lon_deg
            from held
            cross join usual
            where
                held.is_new
                or (held.is_left and held.elapsed_s - held.new_s > {{ var('channel_gap_samples') }} * usual.step_s)
        ),

        origin as (
            select
                min(lat_deg) as lat_deg,
                min(lon_deg) as lon_deg,
                {{ var('metres_per_degree') }} as y_m,
                {{ var('metres_per_degree') }} * cos(radians(min(lat_deg))) as x_m
            from fixes
        ),

        plane as (
            select
                fixes.elapsed_s,
                (fixes.lon_deg - origin.lon_deg) * origin.x_m as x_m,
                (fixes.lat_deg - origin.lat_deg) * origin.y_m as y_m
            from fixes
            cross join origin
        ),

        -- a fix that nobody could have driven to and from is an error of the receiver
        likely as (
            select
                elapsed_s,
                x_m,
                y_m
            from (
                select
                    *,
                    sqrt(power(x_m - lag(x_m) over clock, 2) + power(y_m - lag(y_m) over clock, 2))
                    / (elapsed_s - lag(elapsed_s) over clock) as speed_before_mps,
                    sqrt(power(lead(x_m) over clock - x_m, 2) + power(lead(y_m) over clock - y_m, 2))
                    / (lead(elapsed_s) over clock - elapsed_s) as speed_after_mps
                from plane
                window clock as (order by elapsed_s)
            ) as moved
            where
                speed_before_mps is null
                or speed_after_mps is null
                or least(speed_before_mps, speed_after_mps) <= {{ var('position_fastest_mps') }}
        ),

        -- the line through the fixes near to each, so that neither an edge nor an uneven clock shifts it
        smoothed as (
            select
                elapsed_s,
                coalesce(
                    regr_slope(x_m, elapsed_s) over near * elapsed_s + regr_intercept(x_m, elapsed_s) over near, x_m
                ) as x_m,
                coalesce(
                    regr_slope(y_m, elapsed_s) over near * elapsed_s + regr_intercept(y_m, elapsed_s) over near, y_m
                ) as y_m
            from likely
            window near as (
                order by elapsed_s
                range between
                {{ var('position_smoothing_s') }} preceding and {{ var('position_smoothing_s') }} following
            )
        ),

        steps as (
            select
                *,
                sqrt(power(x_m - from_x_m, 2) + power(y_m - from_y_m, 2)) as step_m
            from (
                select
                    *,
                    lag(elapsed_s) over clock as from_s,
                    lag(x_m) over clock as from_x_m,
                    lag(y_m) over clock as from_y_m
                from smoothed
                window clock as (order by elapsed_s)
            ) as followed
        ),

        driven as (
            select
                *,
                sum(coalesce(step_m, 0)) over (order by elapsed_s rows unbounded preceding) as driven_m,
                -- whether the way between the two fixes is known
                elapsed_s - from_s <= {{ var('line_crossing_gap_s') }}
                and step_m <= {{ var('position_fastest_mps') }} * (elapsed_s - from_s) as is_step,
                step_m / (elapsed_s - from_s) as speed_mps
            from steps
        ),

        -- how the way bends: the circle through a fix and those that lie before and after it
        bent as (
            select
                *,
                last_value(array[x_m, y_m, driven_m]) over (
                    order by driven_m
                    range between unbounded preceding and {{ var('position_curvature_m') }} preceding
                ) as before,
                first_value(array[x_m, y_m, driven_m]) over (
                    order by driven_m
                    range between {{ var('position_curvature_m') }} following and unbounded following
                ) as after
            from driven
        ),

        seeded as (
            select distinct
                (layouts.start_line_left_lon_deg - origin.lon_deg) * origin.x_m as left_x_m,
                (layouts.start_line_left_lat_deg - origin.lat_deg) * origin.y_m as left_y_m,
                (layouts.start_line_right_lon_deg - origin.lon_deg) * origin.x_m as right_x_m,
                (layouts.start_line_right_lat_deg - origin.lat_deg) * origin.y_m as right_y_m
            from layouts
            cross join origin
            where
                uncounted.session_id is not null
                and (own_layouts.layout_id is null or layouts.layout_id = own_layouts.layout_id)
        ),

        seeded_crossed as (
            select
                seeded.*,
                count(*) over () as lines_crossed
            from seeded
            where exists (
                    select 1 from driven
                    where {{ crosses_line('driven', 'seeded') }}
                )
        ),

        -- Where no line is known, one is derived. The way is cut into pieces of 10 m, and the ground into squares of
        -- 20 m: one that is passed in one direction again and again, after as many metres, is passed by every lap.
        passed as (
            select
                pieces.*,
                floor(pieces.x_m / 20) as square_x,
                floor(pieces.y_m / 20) as square_y,
                floor(degrees(atan2(pieces.to_y_m, pieces.to_x_m)) / 45) as octant
            from (
                select
                    driven.elapsed_s,
                    pieces.number,
                    driven.speed_mps,
                    driven.from_x_m + (driven.x_m - driven.from_x_m) * pieces.number / driven.piece_count as x_m,
                    driven.from_y_m + (driven.y_m - driven.from_y_m) * pieces.number / driven.piece_count as y_m,
                    driven.driven_m - driven.step_m * (driven.piece_count - pieces.number) / driven.piece_count
                        as driven_m,
                    (driven.x_m - driven.from_x_m) / driven.step_m as to_x_m,
                    (driven.y_m - driven.from_y_m) / driven.step_m as to_y_m
                from (
                    select
                        *,
                        cast(ceil(step_m / 10) as integer) as piece_count
                    from driven
                ) as driven
                cross join lateral generate_series(1, driven.piece_count) as pieces (number)
                where
                    driven.is_step
                    and driven.speed_mps >= {{ var('derived_line_speed_mps') }}
                    and uncounted.session_id is not null
                    and own_layouts.layout_id is null
                    and not exists (
                        select 1 from seeded_crossed
                        where seeded_crossed.lines_crossed = 1
                    )
            ) as pieces
        ),

        visits as (
            select
                *,
                driven_m - lag(driven_m) over square as since_m
            from passed
            window square as (partition by square_x, square_y, octant order by elapsed_s, number)
        ),

        -- numeric sums do not depend on the order of rows
        squares as (
            select
                square_x,
                square_y,
                octant,
                avg(cast(x_m as numeric(12, 3))) as x_m,
                avg(cast(y_m as numeric(12, 3))) as y_m,
                avg(cast(to_x_m as numeric(12, 6))) as to_x_m,
                avg(cast(to_y_m as numeric(12, 6))) as to_y_m,
                round(min(speed_mps)) as lowest_speed_mps,
                percentile_disc(0.5) within group (
                    order by case when since_m >= {{ var('derived_lap_shortest_m') }} then since_m end
                ) as lap_m
            from visits
            group by square_x, square_y, octant
        ),

        laps as (
            select
                squares.square_x,
                squares.square_y,
                squares.octant,
                squares.x_m,
                squares.y_m,
                squares.to_x_m,
                squares.to_y_m,
                squares.lowest_speed_mps,
                count(*) as laps,
                count(case
                    when abs(visits.since_m / squares.lap_m - 1) <= {{ var('derived_lap_tolerance_ratio') }} then 1
                end) as laps_like_it
            from visits
            inner join squares
                on
                    visits.square_x = squares.square_x
                    and visits.square_y = squares.square_y
                    and visits.octant = squares.octant
            where visits.since_m >= {{ var('derived_lap_shortest_m') }}
            group by
                squares.square_x,
                squares.square_y,
                squares.octant,
                squares.x_m,
                squares.y_m,
                squares.to_x_m,
                squares.to_y_m,
                squares.lowest_speed_mps
        ),

        derived as (
            select
                cast(x_m as double precision) as x_m,
                cast(y_m as double precision) as y_m,
                -- from the middle to the right end, as seen by who drives there
                to_y_m / sqrt(to_x_m * to_x_m + to_y_m * to_y_m) * {{ var('derived_line_width_m') }} / 2 as right_x_m,
                -to_x_m / sqrt(to_x_m * to_x_m + to_y_m * to_y_m) * {{ var('derived_line_width_m') }} / 2 as right_y_m
            from laps
            where laps_like_it >= {{ var('derived_laps_fewest') }}
            -- the fastest of the best places: there, an error of the position is the smallest error of time
            order by 2 * laps_like_it - laps desc, lowest_speed_mps desc, square_x asc, square_y asc, octant asc
            limit 1
        ),

        line as (
            select
                'start_line' as line_source,
                left_x_m,
                left_y_m,
                right_x_m,
                right_y_m
            from seeded_crossed
            where lines_crossed = 1
            union all
            select
                'derived_line' as line_source,
                x_m - right_x_m as left_x_m,
                y_m - right_y_m as left_y_m,
                x_m + right_x_m as right_x_m,
                y_m + right_y_m as right_y_m
            from derived
        ),

        crossings as (
            select
                driven.elapsed_s,
                line.line_source,
                cast(round(cast(
                    driven.from_s + (driven.elapsed_s - driven.from_s)
                    * {{ beside_line('driven.from_x_m', 'driven.from_y_m', 'line') }}
                    / (
                        {{ beside_line('driven.from_x_m', 'driven.from_y_m', 'line') }}
                        - {{ beside_line('driven.x_m', 'driven.y_m', 'line') }}
                    ) as numeric
                ), 6) as double precision) as crossed_s
            from driven
            cross join line
            where {{ crosses_line('driven', 'line') }}
        ),

        -- what comes back over the line at once is the receiver, not the car
        lone_crossings as (
            select
                *,
                lag(crossed_s) over (order by elapsed_s) as previous_s
            from crossings
        )

        select
            bent.elapsed_s,
            lone_crossings.line_source,
            lone_crossings.crossed_s,
            cast(round(cast(origin.lat_deg + bent.y_m / origin.y_m as numeric), 8) as double precision) as lat_deg,
            cast(round(cast(origin.lon_deg + bent.x_m / origin.x_m as numeric), 8) as double precision) as lon_deg,
            cast(round(cast(bent.driven_m as numeric), 3) as double precision) as driven_m,
            cast(case
                -- with a fix every 96 m at least
                when
                    greatest(bent.driven_m - bent.before[3], bent.after[3] - bent.driven_m)
                    <= 6 * {{ var('position_curvature_m') }}
                    then
                        2 * (
                            (bent.x_m - bent.before[1]) * (bent.after[2] - bent.y_m)
                            - (bent.y_m - bent.before[2]) * (bent.after[1] - bent.x_m)
                        ) / nullif(
                            sqrt(power(bent.x_m - bent.before[1], 2) + power(bent.y_m - bent.before[2], 2))
                            * sqrt(power(bent.after[1] - bent.x_m, 2) + power(bent.after[2] - bent.y_m, 2))
                            * sqrt(
                                power(bent.after[1] - bent.before[1], 2) + power(bent.after[2] - bent.before[2], 2)
                            ), 0
                        )
            end as real) as curvature_per_m
        from bent
        cross join origin
        left join lone_crossings
            on
                bent.elapsed_s = lone_crossings.elapsed_s
                and (
                    lone_crossings.previous_s is null
                    or lone_crossings.crossed_s - lone_crossings.previous_s > {{ var('lap_flicker_s') }}
                )
    ) as positions
)

select
    session_id,
    elapsed_s,
    line_source,
    crossed_s,
    lat_deg,
    lon_deg,
    driven_m,
    curvature_per_m
from positions
