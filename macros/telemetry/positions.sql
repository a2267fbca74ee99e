{% macro position_at(session_id, elapsed_s) -%}
    (
        select
            case
                when earlier.elapsed_s < {{ elapsed_s }} and later.elapsed_s > {{ elapsed_s }}
                    then
                        case
                            when not later.follows_hole
                                then
                                    array[
                                        {% for column in ['driven_m', 'lat_deg', 'lon_deg'] -%}
                                            earlier.{{ column }} + (later.{{ column }} - earlier.{{ column }})
                                            * ({{ elapsed_s }} - earlier.elapsed_s)
                                            / (later.elapsed_s - earlier.elapsed_s){{ ',' if not loop.last }}
                                        {% endfor -%}
                                    ]
                        end
                -- a file may go on for a moment after its first or last fix
                when {{ elapsed_s }} - earlier.elapsed_s <= {{ var('line_crossing_gap_s') }}
                    then array[earlier.driven_m, earlier.lat_deg, earlier.lon_deg]
                when later.elapsed_s - {{ elapsed_s }} <= {{ var('line_crossing_gap_s') }}
                    then array[later.driven_m, later.lat_deg, later.lon_deg]
            end
        from (
            select positions.*
            from {{ ref('int_telemetry_positions') }} as positions
            where positions.session_id = {{ session_id }} and positions.elapsed_s <= {{ elapsed_s }}
            order by positions.elapsed_s desc
            limit 1
        ) as earlier
        full join (
            select positions.*
            from {{ ref('int_telemetry_positions') }} as positions
            where positions.session_id = {{ session_id }} and positions.elapsed_s >= {{ elapsed_s }}
            order by positions.elapsed_s asc
            limit 1
        ) as later on true
    )
{%- endmacro %}
