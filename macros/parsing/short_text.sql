{% macro short_text(text) -%}
    left({{ text }}, 128)
{%- endmacro %}
