{% macro share_of(part, whole) -%}
    cast(case when {{ whole }} > 0 then coalesce({{ part }}, 0) / {{ whole }} end as numeric(6, 4))
{%- endmacro %}
