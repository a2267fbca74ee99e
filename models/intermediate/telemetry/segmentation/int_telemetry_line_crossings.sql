{%- set deg = [] -%}
{%- for place in [1, 2, 3, 4] -%}
    {%- do deg.append('(' ~ as_double(item_at('(' ~ cells_of('origin.start_line_deg', "' '") ~ ')', place)) ~ ')') -%}
{%- endfor -%}
{%- set lines = [
    [1, 'points.x_m', 'points.y_m', 'points.x_m + points.to_x_m', 'points.y_m + points.to_y_m'],
    [2, 'points.x_m + points.to_x_m', 'points.y_m + points.to_y_m', 'points.x_m', 'points.y_m'],
    [
        3, 'points.x_m - points.across_x_m', 'points.y_m - points.across_y_m',
        'points.x_m + points.across_x_m', 'points.y_m + points.across_y_m',
    ],
    [
        4, 'points.x_m + points.across_x_m', 'points.y_m + points.across_y_m',
        'points.x_m - points.across_x_m', 'points.y_m - points.across_y_m',
    ],
] -%}
{{ config(
    materialized='view' if target.type == 'postgres' else 'incremental',
    key='session_id',
    fingerprints='int_telemetry_sessions',
) }}

with layouts as (
    select * from {{ ref('stg_telemetry__track_layouts') }}
    where start_line_left_lat_deg is not null
),

sessions as (
    select
        sessions.session_id,
        sessions.start_line_deg,
        own_layouts.layout_id as own_layout_id
    from {{ ref('int_telemetry_sessions') }} as sessions
    left join layouts as own_layouts on sessions.layout_id = own_layouts.layout_id
    where
        sessions.is_placed_by_position
        and {{ is_due_in_lake('sessions.session_id', 'int_telemetry_sessions') }}
        and not exists (
            select 1 from {{ ref('int_telemetry_line_markers') }} as markers
            where markers.session_id = sessions.session_id
        )
        -- a counter that stands still tells no more of laps than none
        and not exists (
            select 1
            from {{ ref('int_telemetry_lap_candidates') }} as candidates
            inner join {{ ref('int_telemetry_lap_candidates') }} as later
                on candidates.session_id = later.session_id and candidates.lap_number < later.lap_number
            where candidates.session_id = sessions.session_id
        )
)

-- Each session by itself, in a plane of its own: x metres to the east, y metres to the north.
select
    crossings.session_id,
    crossings.line_source,
    crossings.crossed_s
from sessions
{{ each_session() }} (
    with positions as (
        select
            positions.*,
            sessions.own_layout_id,
            sessions.start_line_deg
        from {{ ref('int_telemetry_positions') }} as positions
        {{ of_session('positions') }}
    ),

    origin as (
        select
            session_id,
            own_layout_id,
            start_line_deg,
            min(lat_deg) as lat_deg,
            min(lon_deg) as lon_deg,
            {{ var('metres_per_degree') }} as y_m,
            {{ var('metres_per_degree') }} * cos(radians(min(lat_deg))) as x_m
        from positions
        group by session_id, own_layout_id, start_line_deg
    ),

    driven as (
        select
            *,
            step_m / (elapsed_s - from_s) as speed_mps,
            from_s is not null and not follows_hole as is_step
        from (
            select
                *,
                lag(elapsed_s) over (partition by session_id order by elapsed_s) as from_s,
                lag(x_m) over (partition by session_id order by elapsed_s) as from_x_m,
                lag(y_m) over (partition by session_id order by elapsed_s) as from_y_m,
                driven_m - lag(driven_m) over (partition by session_id order by elapsed_s) as step_m
            from (
                select
                    positions.session_id,
                    positions.elapsed_s,
                    positions.driven_m,
                    positions.follows_hole,
                    (positions.lon_deg - origin.lon_deg) * origin.x_m as x_m,
                    (positions.lat_deg - origin.lat_deg) * origin.y_m as y_m
                from positions
                inner join origin on {{ is_same_session('positions', 'origin') }}
            ) as plane
        ) as steps
    ),

    -- The two points that a file gives are ends of the line, or its middle and a place on the way to it. The way
    -- shows which: the line is crossed and not followed, and the way round in which it is crossed more often.
    points as (
        select
            *,
            -to_y_m / sqrt(power(to_x_m, 2) + power(to_y_m, 2)) * {{ var('derived_line_width_m') }} / 2 as across_x_m,
            to_x_m / sqrt(power(to_x_m, 2) + power(to_y_m, 2)) * {{ var('derived_line_width_m') }} / 2 as across_y_m
        from (
            select
                origin.session_id,
                ({{ deg[1] }} - origin.lon_deg) * origin.x_m as x_m,
                ({{ deg[0] }} - origin.lat_deg) * origin.y_m as y_m,
                ({{ deg[3] }} - {{ deg[1] }}) * origin.x_m as to_x_m,
                ({{ deg[2] }} - {{ deg[0] }}) * origin.y_m as to_y_m
            from origin
            where origin.start_line_deg is not null and origin.own_layout_id is null
        ) as told
    ),

    turned as (
        select
            points.session_id,
            lines.kind,
            lines.left_x_m,
            lines.left_y_m,
            lines.right_x_m,
            lines.right_y_m
        from points
        cross join
            lateral {{ listed_rows(lines, ['kind', 'left_x_m', 'left_y_m', 'right_x_m', 'right_y_m']) }}
                as lines (kind, left_x_m, left_y_m, right_x_m, right_y_m)
    ),

    stated as (
        select
            session_id,
            left_x_m,
            left_y_m,
            right_x_m,
            right_y_m
        from (
            select
                lines.session_id,
                lines.left_x_m,
                lines.left_y_m,
                lines.right_x_m,
                lines.right_y_m,
                row_number() over (partition by lines.session_id order by count(*) desc, lines.kind asc) as place
            from turned as lines
            inner join driven on {{ is_same_session('lines', 'driven') }} and {{ crosses_line('driven', 'lines') }}
            where
                -- at 45 degrees or more
                2 * power(
                    {{ beside_line('driven.x_m', 'driven.y_m', 'lines') }}
                    - {{ beside_line('driven.from_x_m', 'driven.from_y_m', 'lines') }},
                    2
                )
                >= power(driven.step_m, 2)
                * (power(lines.right_x_m - lines.left_x_m, 2) + power(lines.right_y_m - lines.left_y_m, 2))
            group by
                lines.session_id,
                lines.kind,
                lines.left_x_m,
                lines.left_y_m,
                lines.right_x_m,
                lines.right_y_m
        ) as counted
        where place = 1
    ),

    seeded as (
        select distinct
            origin.session_id,
            (layouts.start_line_left_lon_deg - origin.lon_deg) * origin.x_m as left_x_m,
            (layouts.start_line_left_lat_deg - origin.lat_deg) * origin.y_m as left_y_m,
            (layouts.start_line_right_lon_deg - origin.lon_deg) * origin.x_m as right_x_m,
            (layouts.start_line_right_lat_deg - origin.lat_deg) * origin.y_m as right_y_m
        from layouts
        cross join origin
        where
            (origin.own_layout_id is null or layouts.layout_id = origin.own_layout_id)
            and not exists (
                select 1 from stated
                where {{ is_same_session('stated', 'origin') }}
            )
    ),

    seeded_crossed as (
        select
            seeded.*,
            count(*) over (partition by seeded.session_id) as lines_crossed
        from seeded
        where exists (
                select 1 from driven
                where {{ is_same_session('driven', 'seeded') }} and {{ crosses_line('driven', 'seeded') }}
            )
    ),

    known as (
        select
            session_id,
            left_x_m,
            left_y_m,
            right_x_m,
            right_y_m
        from stated
        union all
        select
            session_id,
            left_x_m,
            left_y_m,
            right_x_m,
            right_y_m
        from seeded_crossed
        where lines_crossed = 1
    ),

    -- Where no line is known, one is derived. The way is cut into pieces of 10 m, and the ground into squares of
    -- 20 m: one that is passed in one direction again and again, after as many metres, is passed by every lap.
    pieces as (
        select
            driven.*,
            cast(ceil(driven.step_m / 10) as integer) as piece_count
        from driven
        inner join origin on {{ is_same_session('driven', 'origin') }}
        where
            driven.is_step
            and driven.speed_mps >= {{ var('derived_line_speed_mps') }}
            and origin.own_layout_id is null
            and not exists (
                select 1 from known
                where {{ is_same_session('known', 'driven') }}
            )
    ),

    passed as (
        select
            *,
            floor(x_m / 20) as square_x,
            floor(y_m / 20) as square_y,
            floor(degrees(atan2(to_y_m, to_x_m)) / 45) as octant
        from (
            select
                pieces.session_id,
                pieces.elapsed_s,
                numbers.number,
                pieces.speed_mps,
                pieces.from_x_m + (pieces.x_m - pieces.from_x_m) * numbers.number / pieces.piece_count as x_m,
                pieces.from_y_m + (pieces.y_m - pieces.from_y_m) * numbers.number / pieces.piece_count as y_m,
                pieces.driven_m - pieces.step_m * (pieces.piece_count - numbers.number) / pieces.piece_count
                    as driven_m,
                (pieces.x_m - pieces.from_x_m) / pieces.step_m as to_x_m,
                (pieces.y_m - pieces.from_y_m) / pieces.step_m as to_y_m
            from pieces
            cross join lateral {{ whole_numbers('1', 'pieces.piece_count') }} as numbers (number)
        ) as cut
    ),

    visits as (
        select
            *,
            driven_m - lag(driven_m) over (
                partition by session_id, square_x, square_y, octant order by elapsed_s, number
            ) as since_m
        from passed
    ),

    -- numeric sums do not depend on the order of rows
    squares as (
        select
            session_id,
            square_x,
            square_y,
            octant,
            cast(sum(cast(x_m as numeric(12, 3))) as {{ type_double() }}) / count(*) as x_m,
            cast(sum(cast(y_m as numeric(12, 3))) as {{ type_double() }}) / count(*) as y_m,
            cast(sum(cast(to_x_m as numeric(12, 6))) as {{ type_double() }}) / count(*) as to_x_m,
            cast(sum(cast(to_y_m as numeric(12, 6))) as {{ type_double() }}) / count(*) as to_y_m,
            {{ half_even('min(speed_mps)') }} as lowest_speed_mps,
            percentile_disc(0.5) within group (
                order by case when since_m >= {{ var('derived_lap_shortest_m') }} then since_m end
            ) as lap_m
        from visits
        group by session_id, square_x, square_y, octant
    ),

    laps as (
        select
            squares.session_id,
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
                {{ is_same_session('visits', 'squares') }}
                and visits.square_x = squares.square_x
                and visits.square_y = squares.square_y
                and visits.octant = squares.octant
        where visits.since_m >= {{ var('derived_lap_shortest_m') }}
        group by
            squares.session_id,
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
            session_id,
            x_m,
            y_m,
            -- from the middle to the right end, as seen by who drives there
            to_y_m / sqrt(to_x_m * to_x_m + to_y_m * to_y_m) * {{ var('derived_line_width_m') }} / 2 as right_x_m,
            -to_x_m / sqrt(to_x_m * to_x_m + to_y_m * to_y_m) * {{ var('derived_line_width_m') }} / 2 as right_y_m
        from (
            select
                *,
                -- the fastest of the best places: there, an error of the position is the smallest error of time
                row_number() over (
                    partition by session_id
                    order by
                        2 * laps_like_it - laps desc,
                        lowest_speed_mps desc,
                        square_x asc,
                        square_y asc,
                        octant asc
                ) as place
            from laps
            where laps_like_it >= {{ var('derived_laps_fewest') }}
        ) as ordered
        where place = 1
    ),

    line as (
        select
            session_id,
            'start_line' as line_source,
            left_x_m,
            left_y_m,
            right_x_m,
            right_y_m
        from known
        union all
        select
            session_id,
            'derived_line' as line_source,
            x_m - right_x_m as left_x_m,
            y_m - right_y_m as left_y_m,
            x_m + right_x_m as right_x_m,
            y_m + right_y_m as right_y_m
        from derived
    ),

    crossed as (
        select
            driven.session_id,
            driven.elapsed_s,
            line.line_source,
            {{ rounded(
                'driven.from_s + (driven.elapsed_s - driven.from_s) * '
                ~ beside_line('driven.from_x_m', 'driven.from_y_m', 'line') ~ ' / ('
                ~ beside_line('driven.from_x_m', 'driven.from_y_m', 'line') ~ ' - '
                ~ beside_line('driven.x_m', 'driven.y_m', 'line') ~ ')',
                6
            ) }} as crossed_s
        from driven
        inner join line on {{ is_same_session('driven', 'line') }} and {{ crosses_line('driven', 'line') }}
    ),

    -- what comes back over the line at once is the receiver, not the car
    lone as (
        select
            *,
            lag(crossed_s) over (partition by session_id order by elapsed_s) as previous_s
        from crossed
    )

    select
        session_id,
        line_source,
        crossed_s
    from lone
    where previous_s is null or crossed_s - previous_s > {{ var('lap_flicker_s') }}
) as crossings {{ on_session('crossings') }}
