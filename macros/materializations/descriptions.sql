{#- Comments as dbt's `persist_docs` makes them, but only where they changed: dbt makes them anew with each build, in four statements. -#}
{% macro describe(relation) -%}
    {%- if config.persist_relation_docs() -%}
        comment on {{ relation.type }} {{ relation }} is {{ postgres_escape_comment(model.description) }};
    {% endif -%}
    {%- for column in (model.columns.values() if config.persist_column_docs() else []) -%}
        comment on column {{ relation }}.{{ column.name }} is {{ postgres_escape_comment(column.description) }};
    {% endfor -%}
{%- endmacro %}

{% macro is_described_otherwise() -%}
    {{ return(description_hash() != recorded_code()[2]) }}
{%- endmacro %}

{% macro description_hash() -%}
    {%- set parts = [config.persist_relation_docs(), config.persist_column_docs(), model.description] -%}
    {%- for column in model.columns.values() -%} {%- do parts.append([column.name, column.description]) -%} {%- endfor -%}
    {{ return(local_md5(tojson(parts))) }}
{%- endmacro %}
