{# A cell of spaces says nothing. #}
{% macro blank_to_null(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}
