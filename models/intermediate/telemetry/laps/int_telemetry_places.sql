{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_layouts',
    goes_with='traces',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

{%- set of_line_piece = 'and pieces.piece_number = sessions.line_piece_number' -%}
{#- Of pieces that are no whole lap, what lies beside the line is read, for the step across it. -#}
{%- set pieces -%}
    select
        *,
        session_id as line_session_id,
        ended_elapsed_s + last_sample_s as piece_ended_s
    from {{ ref('int_telemetry_laps_segmented') }}
    where position_driven_m is not null or begins_at_line <> stops_at_line
{%- endset %}

with sessions as (
    select
        session_id,
        line_session_id,
        line_piece_number,
        origin_lat_deg,
        origin_lon_deg,
        {{ var('metres_per_degree') }} as y_m_per_deg,
        {{ var('metres_per_degree') }} * cos(radians(cast(origin_lat_deg as {{ type_double() }}))) as x_m_per_deg,
        cast(length_m as {{ type_double() }}) as length_m
    from {{ ref('int_telemetry_session_layouts') }}
    where
        has_line
        and {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_layouts'), 'session_id')) }}
),

places as (
    select places.*
    from sessions
    {{ each_session() }} (
        -- those of the session, and the one whose way is the line, of whichever session it is
        with laps as (
            {% for key in ['session_id', 'line_session_id'] -%}
                select
                    sessions.session_id,
                    pieces.session_id as piece_session_id,
                    {{ 'true' if key == 'line_session_id' else 'false' }} as is_line,
                    pieces.piece_number,
                    pieces.started_elapsed_s,
                    pieces.piece_ended_s as ended_elapsed_s,
                    pieces.start_position_m,
                    pieces.end_position_m,
                    pieces.position_driven_m,
                    pieces.begins_at_line,
                    pieces.stops_at_line,
                    sessions.origin_lat_deg,
                    sessions.origin_lon_deg,
                    sessions.x_m_per_deg,
                    sessions.y_m_per_deg,
                    sessions.length_m
                from ({{ pieces }}) as pieces
                {{ of_session('pieces', key) }} {{ of_line_piece if not loop.first }}
                {{ 'union all' if not loop.last }}
            {% endfor %}
        ),

        -- x metres to the east, y metres to the north of the layout's origin, and where the metres driven put the car
        driven as (
            select
                laps.session_id,
                laps.is_line,
                laps.piece_number,
                laps.length_m,
                positions.elapsed_s,
                positions.lat_deg,
                positions.lon_deg,
                positions.curvature_per_m,
                (positions.lon_deg - laps.origin_lon_deg) * laps.x_m_per_deg as x_m,
                (positions.lat_deg - laps.origin_lat_deg) * laps.y_m_per_deg as y_m,
                case
                    when laps.position_driven_m is not null
                        then (positions.driven_m - laps.start_position_m) / laps.position_driven_m * laps.length_m
                    when laps.begins_at_line then positions.driven_m - laps.start_position_m
                    else laps.length_m + positions.driven_m - laps.end_position_m
                end as driven_place_m
            from laps
            inner join {{ ref('int_telemetry_positions') }} as positions
                on
                    laps.piece_session_id = positions.session_id
                    and laps.started_elapsed_s < positions.elapsed_s
                    and laps.ended_elapsed_s > positions.elapsed_s
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
                        partition by session_id, is_line, piece_number order by elapsed_s
                    ) as previous_step
                from driven
            ) as stepped
            where previous_step is null or floor(driven_place_m / {{ var('trace_step_m') }}) > previous_step
            window clock as (partition by session_id, is_line order by elapsed_s)
        ),

        -- the line goes on at its ends, for who is a little before or behind them; one from a place to another does not
        segments as (
            select
                *,
                floor(place_m / {{ var('line_reach_m') }}) as stretch
            from (
                select
                    turned.*,
                    (lead(turned.x_m) over way) - turned.x_m as to_x_m,
                    (lead(turned.y_m) over way) - turned.y_m as to_y_m,
                    (lead(turned.place_m) over way) - turned.place_m as to_place_m
                from (
                    select
                        fixes.session_id,
                        fixes.x_m,
                        fixes.y_m,
                        fixes.driven_place_m + turns.turn * fixes.length_m as place_m
                    from fixes
                    cross join lateral {{ whole_numbers('-1', '1') }} as turns (turn)
                    where
                        fixes.is_line
                        and fixes.driven_place_m + turns.turn * fixes.length_m
                        between -2 * {{ var('line_reach_m') }} and fixes.length_m + 2 * {{ var('line_reach_m') }}
                ) as turned
                window way as (partition by turned.session_id order by turned.place_m)
            ) as joined
            where to_x_m * to_x_m + to_y_m * to_y_m between 0.01 and power({{ var('line_reach_m') }}, 2)
        ),

        -- Only what goes the same way is near: of a hairpin, the other leg is not.
        projected as (
            select
                session_id,
                elapsed_s,
                driven_place_m,
                place_m + share * to_place_m as place_m,
                power(share * to_x_m - off_x_m, 2) + power(share * to_y_m - off_y_m, 2) as square_m2
            from (
                select
                    fixes.session_id,
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
                cross join lateral {{ whole_numbers('-1', '1') }} as stretches (stretch)
                inner join segments
                    on
                        {{ is_same_session('fixes', 'segments') }}
                        and floor(fixes.driven_place_m / {{ var('line_reach_m') }}) + stretches.stretch
                        = segments.stretch
                where not fixes.is_line and fixes.to_x_m * segments.to_x_m + fixes.to_y_m * segments.to_y_m > 0
            ) as beside
        ),

        -- a metre beside the line is as far as 20 m along it from where the metres driven put the car
        nearest as (
            {{ lowest_of_each(
                ['session_id', 'elapsed_s'],
                'square_m2 + power((place_m - driven_place_m) / 20, 2)',
                'place_m',
                'projected where square_m2 <= power(' ~ var('line_beside_m') ~ ', 2)'
            ) }}
        ),

        placed as (
            select
                fixes.session_id,
                fixes.piece_number,
                fixes.elapsed_s,
                fixes.length_m,
                nearest.place_m,
                fixes.lat_deg,
                fixes.lon_deg,
                fixes.curvature_per_m,
                count(nearest.place_m) over lap / cast(count(*) over lap as {{ type_double() }}) as placed_share
            from (
                select * from fixes
                where not is_line
            ) as fixes
            -- nothing is near without its fix; PostgreSQL would make a left join by nested loops
            full join nearest
                on {{ is_same_session('fixes', 'nearest') }} and fixes.elapsed_s = nearest.elapsed_s
            window lap as (partition by fixes.session_id, fixes.piece_number)
        ),

        edges as (
            select
                laps.session_id,
                laps.piece_number,
                edges.edge_s,
                edges.place_m
            from laps
            cross join
                lateral {{ listed_rows([
                    ['laps.begins_at_line', 'laps.started_elapsed_s', 'cast(0 as ' ~ type_double() ~ ')'],
                    ['laps.stops_at_line', 'laps.ended_elapsed_s', 'laps.length_m'],
                ], ['is_edge', 'edge_s', 'place_m']) }} as edges (is_edge, edge_s, place_m)
            where edges.is_edge and not laps.is_line
        ),

        -- a lap begins and ends at the line
        ended as (
            select
                session_id,
                piece_number,
                elapsed_s,
                {{ rounded('least(greatest(place_m, 0), length_m)', 3) }} as place_m,
                lat_deg,
                lon_deg,
                curvature_per_m,
                placed_share
            from placed
            where place_m is not null
            union all
            select
                session_id,
                piece_number,
                edge_s as elapsed_s,
                place_m,
                {{ item_at('position', 2) }} as lat_deg,
                {{ item_at('position', 3) }} as lon_deg,
                cast(null as real) as curvature_per_m,
                0 as placed_share
            from (
                select
                    edges.*,
                    {{ position_at('edges', 'edge_s') }} as position
                from edges
                {{ join_positions('edges', 'edge_s') }}
            ) as ends
        ),

        followed as (
            select
                session_id,
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
                max(placed_share) over (partition by session_id, piece_number) as placed_share
            from ended
            window lap as (partition by session_id, piece_number order by elapsed_s)
        )

        select * from followed
        where next_elapsed_s > elapsed_s
    ) as places {{ on_session('places') }}
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
