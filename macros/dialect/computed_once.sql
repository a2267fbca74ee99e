{% macro computed_once() -%} {{ return(adapter.dispatch('computed_once')()) }} {%- endmacro %}

{% macro postgres__computed_once() -%} clock_timestamp() as computed_at {%- endmacro %}

{% macro spark__computed_once() -%} cast(null as timestamp) as computed_at {%- endmacro %}
