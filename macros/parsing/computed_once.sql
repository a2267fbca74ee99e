{% macro computed_once() -%} clock_timestamp() as computed_at {%- endmacro %}
