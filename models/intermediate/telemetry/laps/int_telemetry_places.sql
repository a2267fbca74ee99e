{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_layouts',
    goes_with='traces',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

with sessions as (
    select * from {{ ref('int_telemetry_session_layouts') }}
    where
        has_line
        and session_id = any(array({{ changed_keys(ref('int_telemetry_session_layouts'), 'session_id') }}))
),

-- Of pieces that are no whole lap, what lies beside the line is read, for the step across it.
pieces as (
    select
        session_id,
        piece_number,
        started_elapsed_s,
        ended_elapsed_s + last_sample_s as ended_elapsed_s,
        start_position_m,
        end_position_m,
        position_driven_m,
        begins_at_line,
        stops_at_line
    from {{ ref('int_telemetry_laps_segmented') }}
    where position_driven_m is not null or begins_at_line <> stops_at_line
),

places as (
    select
        sessions.session_id,
        places.*
    from sessions
    cross join lateral (
        with plane as (
            select
                {{ var('metres_per_degree') }} as y_m,
                {{ var('metres_per_degree') }} * cos(radians(cast(sessions.origin_lat_deg as double precision))) as x_m,
                cast(sessions.length_m as double precision) as length_m
        ),

        laps as (
            select
                pieces.*,
                kinds.is_line
            from (values (false), (true)) as kinds (is_line)
            inner join pieces
                on
                    case when kinds.is_line then sessions.line_session_id else sessions.session_id end
                    = pieces.session_id
                    and (not kinds.is_line or sessions.line_piece_number = pieces.piece_number)
        ),

        -- x metres to the east, y metres to the north of the layout's origin, and where the metres driven put the car
        driven as (
            select
                laps.is_line,
                laps.piece_number,
                positions.elapsed_s,
                positions.lat_deg,
                positions.lon_deg,
                positions.curvature_per_m,
                (positions.lon_deg - sessions.origin_lon_deg) * plane.x_m as x_m,
                (positions.lat_deg - sessions.origin_lat_deg) * plane.y_m as y_m,
                case
                    when laps.position_driven_m is not null
                        then (positions.driven_m - laps.start_position_m) / laps.position_driven_m * plane.length_m
                    when laps.begins_at_line then positions.driven_m - laps.start_position_m
                    else plane.length_m + positions.driven_m - laps.end_position_m
                end as driven_place_m
            from laps
            inner join {{ ref('int_telemetry_positions') }} as positions
                on
                    laps.session_id = positions.session_id
                    and laps.started_elapsed_s < positions.elapsed_s
                    and laps.ended_elapsed_s > positions.elapsed_s
            cross join plane
            where
                laps.position_driven_m is not null
                or (laps.begins_at_line and positions.driven_m < laps.start_position_m + {{ var('line_reach_m') }})
                or (not laps.begins_at_line and positions.driven_m > laps.end_position_m - {{ var('line_reach_m') }})
        ),

        -- one fix in {{ var('trace_step_m') }} m
        fixes as (
            select
                *,
                coalesce(lead(x_m) over clock, x_m) - coalesce(lag(x_m) over clock, x_m) as to_x_m,
                coalesce(lead(y_m) over clock, y_m) - coalesce(lag(y_m) over clock, y_m) as to_y_m
            from (
                select
                    *,
                    lag(floor(driven_place_m / {{ var('trace_step_m') }})) over (
                        partition by is_line, piece_number order by elapsed_s
                    ) as previous_step
                from driven
            ) as stepped
            where previous_step is null or floor(driven_place_m / {{ var('trace_step_m') }}) > previous_step
            window clock as (partition by is_line order by elapsed_s)
        ),

        -- the line goes on at its ends, for who is a little before or behind them; one from a place to another does not
        segments as (
            select
                *,
                floor(place_m / {{ var('line_reach_m') }}) as stretch
            from (
                select
                    turned.*,
                    lead(turned.x_m) over way - turned.x_m as to_x_m,
                    lead(turned.y_m) over way - turned.y_m as to_y_m,
                    lead(turned.place_m) over way - turned.place_m as to_place_m
                from (
                    select
                        fixes.x_m,
                        fixes.y_m,
                        fixes.driven_place_m + turns.turn * plane.length_m as place_m
                    from fixes
                    cross join plane
                    cross join generate_series(-1, 1) as turns (turn)
                    where
                        fixes.is_line
                        and fixes.driven_place_m + turns.turn * plane.length_m
                        between -2 * {{ var('line_reach_m') }} and plane.length_m + 2 * {{ var('line_reach_m') }}
                ) as turned
                window way as (order by turned.place_m)
            ) as joined
            where to_x_m * to_x_m + to_y_m * to_y_m between 0.01 and power({{ var('line_reach_m') }}, 2)
        ),

        -- Only what goes the same way is near: of a hairpin, the other leg is not.
        projected as (
            select
                elapsed_s,
                driven_place_m,
                place_m + share * to_place_m as place_m,
                power(share * to_x_m - off_x_m, 2) + power(share * to_y_m - off_y_m, 2) as square_m2
            from (
                select
                    fixes.elapsed_s,
                    fixes.driven_place_m,
                    segments.place_m,
                    segments.to_place_m,
                    segments.to_x_m,
                    segments.to_y_m,
                    fixes.x_m - segments.x_m as off_x_m,
                    fixes.y_m - segments.y_m as off_y_m,
                    least(greatest(
                        (
                            (fixes.x_m - segments.x_m) * segments.to_x_m + (fixes.y_m - segments.y_m) * segments.to_y_m
                        ) / (segments.to_x_m * segments.to_x_m + segments.to_y_m * segments.to_y_m), 0
                    ), 1) as share
                from fixes
                cross join generate_series(-1, 1) as stretches (stretch)
                inner join segments
                    on floor(fixes.driven_place_m / {{ var('line_reach_m') }}) + stretches.stretch = segments.stretch
                where not fixes.is_line and fixes.to_x_m * segments.to_x_m + fixes.to_y_m * segments.to_y_m > 0
            ) as beside
        ),

        nearest as (
            select distinct on (elapsed_s)
                elapsed_s,
                place_m
            from projected
            where square_m2 <= power({{ var('line_beside_m') }}, 2)
            -- a metre beside the line is as far as 20 m along it from where the metres driven put the car
            order by elapsed_s asc, square_m2 + power((place_m - driven_place_m) / 20, 2) asc, place_m asc
        ),

        placed as (
            select
                fixes.piece_number,
                fixes.elapsed_s,
                nearest.place_m,
                fixes.lat_deg,
                fixes.lon_deg,
                fixes.curvature_per_m,
                count(nearest.place_m) over lap / cast(count(*) over lap as double precision) as placed_share
            from fixes
            left join nearest on fixes.elapsed_s = nearest.elapsed_s
            where not fixes.is_line
            window lap as (partition by fixes.piece_number)
        ),

        -- a lap begins and ends at the line
        ended as (
            select
                placed.piece_number,
                placed.elapsed_s,
                cast(round(cast(least(greatest(placed.place_m, 0), plane.length_m) as numeric), 3) as double precision)
                    as place_m,
                placed.lat_deg,
                placed.lon_deg,
                placed.curvature_per_m,
                placed.placed_share
            from placed
            cross join plane
            where placed.place_m is not null
            union all
            select
                ends.piece_number,
                ends.elapsed_s,
                ends.place_m,
                ends.position[2] as lat_deg,
                ends.position[3] as lon_deg,
                cast(null as real) as curvature_per_m,
                0 as placed_share
            from (
                select
                    laps.piece_number,
                    edges.elapsed_s,
                    edges.place_m,
                    {{ position_at('laps.session_id', 'edges.elapsed_s') }} as position
                from laps
                cross join plane
                cross join
                    lateral (
                        values
                        (laps.begins_at_line, laps.started_elapsed_s, 0),
                        (laps.stops_at_line, laps.ended_elapsed_s, plane.length_m)
                    ) as edges (is_edge, elapsed_s, place_m)
                where edges.is_edge and not laps.is_line
            ) as ends
        ),

        followed as (
            select
                piece_number,
                elapsed_s,
                lead(elapsed_s) over lap as next_elapsed_s,
                place_m,
                lead(place_m) over lap as next_place_m,
                lat_deg,
                lead(lat_deg) over lap as next_lat_deg,
                lon_deg,
                lead(lon_deg) over lap as next_lon_deg,
                coalesce(curvature_per_m, lead(curvature_per_m) over lap) as curvature_per_m,
                coalesce(lead(curvature_per_m) over lap, curvature_per_m) as next_curvature_per_m,
                max(placed_share) over (partition by piece_number) as placed_share
            from ended
            window lap as (partition by piece_number order by elapsed_s)
        )

        select * from followed
        where next_elapsed_s > elapsed_s
    ) as places
)

select
    session_id,
    piece_number,
    elapsed_s,
    next_elapsed_s,
    place_m,
    next_place_m,
    lat_deg,
    next_lat_deg,
    lon_deg,
    next_lon_deg,
    curvature_per_m,
    next_curvature_per_m,
    placed_share
from places
