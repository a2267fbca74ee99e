with sessions as (
    select sessions.*
    from {{ ref('int_telemetry_sessions') }} as sessions
    where
        sessions.is_placed_by_position
        and not exists (
            select 1 from {{ ref('int_telemetry_line_markers') }} as markers
            where markers.session_id = sessions.session_id
        )
        -- a counter that stands still tells no more of laps than none
        and (
            select count(distinct candidates.lap_number) from {{ ref('int_telemetry_lap_candidates') }} as candidates
            where candidates.session_id = sessions.session_id
        ) <= 1
),

layouts as (
    select * from {{ ref('stg_telemetry__track_layouts') }}
    where start_line_left_lat_deg is not null
)

-- Each session by itself, in a plane of its own: x metres to the east, y metres to the north.
select
    sessions.session_id,
    crossings.line_source,
    crossings.crossed_s
from sessions
left join layouts as own_layouts on sessions.layout_id = own_layouts.layout_id
cross join lateral (
    with positions as (
        select positions.*
        from {{ ref('int_telemetry_positions') }} as positions
        where positions.session_id = sessions.session_id
    ),

    origin as (
        select
            min(lat_deg) as lat_deg,
            min(lon_deg) as lon_deg,
            {{ var('metres_per_degree') }} as y_m,
            {{ var('metres_per_degree') }} * cos(radians(min(lat_deg))) as x_m
        from positions
    ),

    driven as (
        select
            *,
            step_m / (elapsed_s - from_s) as speed_mps,
            from_s is not null and not follows_hole as is_step
        from (
            select
                *,
                lag(elapsed_s) over clock as from_s,
                lag(x_m) over clock as from_x_m,
                lag(y_m) over clock as from_y_m,
                driven_m - lag(driven_m) over clock as step_m
            from (
                select
                    positions.elapsed_s,
                    positions.driven_m,
                    positions.follows_hole,
                    (positions.lon_deg - origin.lon_deg) * origin.x_m as x_m,
                    (positions.lat_deg - origin.lat_deg) * origin.y_m as y_m
                from positions
                cross join origin
            ) as plane
            window clock as (order by elapsed_s)
        ) as steps
    ),

    -- The two points that a file gives are ends of the line, or its middle and a place on the way to it. The way
    -- shows which: the line is crossed and not followed, and the way round in which it is crossed more often.
    stated as (
        select
            lines.left_x_m,
            lines.left_y_m,
            lines.right_x_m,
            lines.right_y_m
        from (
            select
                (told.points_deg[2] - origin.lon_deg) * origin.x_m as x_m,
                (told.points_deg[1] - origin.lat_deg) * origin.y_m as y_m,
                (told.points_deg[4] - told.points_deg[2]) * origin.x_m as to_x_m,
                (told.points_deg[3] - told.points_deg[1]) * origin.y_m as to_y_m
            from origin
            cross join (
                select cast(string_to_array(sessions.start_line_deg, ' ') as double precision[]) as points_deg
            ) as told
            where told.points_deg is not null and own_layouts.layout_id is null
        ) as points
        cross join
            lateral (
                select
                    -points.to_y_m / sqrt(power(points.to_x_m, 2) + power(points.to_y_m, 2)) as x,
                    points.to_x_m / sqrt(power(points.to_x_m, 2) + power(points.to_y_m, 2)) as y,
                    {{ var('derived_line_width_m') }} / 2.0 as m
            ) as across
        cross join
            lateral (
                values
                (1, points.x_m, points.y_m, points.x_m + points.to_x_m, points.y_m + points.to_y_m),
                (2, points.x_m + points.to_x_m, points.y_m + points.to_y_m, points.x_m, points.y_m),
                (
                    3, points.x_m - across.x * across.m, points.y_m - across.y * across.m,
                    points.x_m + across.x * across.m, points.y_m + across.y * across.m
                ),
                (
                    4, points.x_m + across.x * across.m, points.y_m + across.y * across.m,
                    points.x_m - across.x * across.m, points.y_m - across.y * across.m
                )
            ) as lines (kind, left_x_m, left_y_m, right_x_m, right_y_m)
        inner join driven on {{ crosses_line('driven', 'lines') }}
        where
            -- at 45 degrees or more
            2 * power(
                {{ beside_line('driven.x_m', 'driven.y_m', 'lines') }}
                - {{ beside_line('driven.from_x_m', 'driven.from_y_m', 'lines') }},
                2
            )
            >= power(driven.step_m, 2)
            * (power(lines.right_x_m - lines.left_x_m, 2) + power(lines.right_y_m - lines.left_y_m, 2))
        group by lines.kind, lines.left_x_m, lines.left_y_m, lines.right_x_m, lines.right_y_m
        order by count(*) desc, lines.kind asc
        limit 1
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
            (own_layouts.layout_id is null or layouts.layout_id = own_layouts.layout_id)
            and not exists (select 1 from stated)
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

    known as (
        select
            left_x_m,
            left_y_m,
            right_x_m,
            right_y_m
        from stated
        union all
        select
            left_x_m,
            left_y_m,
            right_x_m,
            right_y_m
        from seeded_crossed
        where lines_crossed = 1
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
                and own_layouts.layout_id is null
                and not exists (select 1 from known)
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
        from known
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
        line_source,
        crossed_s
    from lone_crossings
    where previous_s is null or crossed_s - previous_s > {{ var('lap_flicker_s') }}
) as crossings
