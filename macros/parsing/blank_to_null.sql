{% macro blank_to_null(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}
