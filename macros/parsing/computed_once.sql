{#
    A column that makes a subquery compute each of its expressions once a row, still in parallel. Without it PostgreSQL copies
    them into every place that uses them; a CTE would be read in one process alone.
#}
{% macro computed_once() -%}
    {{ return(adapter.dispatch('computed_once')()) }}
{%- endmacro %}

{% macro default__computed_once() -%} current_timestamp as computed_at {%- endmacro %}

{% macro postgres__computed_once() -%} clock_timestamp() as computed_at {%- endmacro %}
