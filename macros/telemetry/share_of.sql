{# Part of a whole time; null where the channels are absent, 0 only where they are there and it never happened. #}
{% macro share_of(part, whole) -%}
    cast(case when {{ whole }} > 0 then coalesce({{ part }}, 0) / {{ whole }} end as numeric(6, 4))
{%- endmacro %}
