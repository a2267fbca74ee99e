{% macro bucket_of(value, ascending) -%}
    width_bucket({{ value }}, {{ ascending }})
{%- endmacro %}
