{% macro type_double() -%} {{ return(adapter.dispatch('type_double')()) }} {%- endmacro %}

{% macro postgres__type_double() -%} {{ return('double precision') }} {%- endmacro %}

{% macro spark__type_double() -%} {{ return('double') }} {%- endmacro %}


{#- With an exponent a literal is a double in Spark. Sail makes a numeric of a double that is compared with one, which NaN does not become. -#}
{% macro double_literal(number) -%} {{ return(number ~ ('e0' if number is float else '')) }} {%- endmacro %}


{% macro type_uuid() -%} {{ return(adapter.dispatch('type_uuid')()) }} {%- endmacro %}

{% macro postgres__type_uuid() -%} {{ return('uuid') }} {%- endmacro %}

{% macro spark__type_uuid() -%} {{ return('string') }} {%- endmacro %}
