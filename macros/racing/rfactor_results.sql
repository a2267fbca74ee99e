{% macro rfactor_ms(seconds) -%}
    {{ at_least(lap_time_to_ms(seconds), 1, 359999999) }}
{%- endmacro %}
