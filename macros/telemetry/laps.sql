{# What laps are compared on: the layout, or the session alone where its files name no track. #}
{% macro layout_key(sessions) -%}
    coalesce({{ sessions }}.layout_id, 'session:' || cast({{ sessions }}.session_id as {{ dbt.type_string() }}))
{%- endmacro %}
