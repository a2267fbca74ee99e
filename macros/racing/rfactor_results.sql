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


{% macro rfactor_fraction(text, minimum=0) -%}
    case when {{ to_float(text) }} between {{ minimum }} and 1 then cast({{ to_float(text) }} as numeric(6, 3)) end
{%- endmacro %}


{% macro rfactor_compound(text) -%}
    {{ blank_to_null(short_text("regexp_replace(" ~ text ~ ", '^[0-9]+,', '')")) }}
{%- endmacro %}
