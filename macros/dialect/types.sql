{% macro type_double() -%} {{ return(adapter.dispatch('type_double')()) }} {%- endmacro %}

{% macro postgres__type_double() -%} {{ return('double precision') }} {%- endmacro %}

{% macro spark__type_double() -%} {{ return('double') }} {%- endmacro %}
