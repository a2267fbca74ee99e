{% macro rfactor_ms(seconds) -%}
    {{ at_least(lap_time_to_ms(seconds), 1, 359999999) }}
{%- endmacro %}


{% macro rfactor_lap_at(entry, session_time_ms) -%}
    (
        select max(cast(laps.lap ->> 0 as integer))
        from {{ json_rows(entry ~ " -> 'laps'") }} as laps (lap)
        where cast(laps.lap ->> 1 as integer) <= {{ session_time_ms }}
    )
{%- endmacro %}
