{#- A config `goes_with` says when rows of a table go: with the lines of a session (raw) or with its traces. A view,
    which is a table on another engine, has none. -#}
{%- set tables = [] -%}
{%- for node in (graph.nodes.values() if execute else []) if node.config.get('goes_with') -%}
    {%- if node.config.materialized != 'view' -%}
        {%- do tables.append((node.config.goes_with, node.schema, node.alias)) -%}
    {%- endif -%}
{%- endfor -%}
{{ config(materialized='view', schema='ops') }}

{% if tables -%}
    {% for tier, schema, name in tables | sort -%}
        select
            '{{ tier }}' as tier,
            '{{ schema }}' as table_schema,
            '{{ name }}' as table_name
        {{ 'union all' if not loop.last }}
    {% endfor -%}
{% else -%}
    select
        cast(null as {{ dbt.type_string() }}) as tier,
        cast(null as {{ dbt.type_string() }}) as table_schema,
        cast(null as {{ dbt.type_string() }}) as table_name
    where false
{% endif -%}
