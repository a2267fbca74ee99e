{#
    Replaces dbt's `generate_schema_name`, which dbt asks projects to do.
    Why: schemas are named as they are. A target other than the default puts its name in front, so that a trial leaves the data alone.
    The lake of Spark is a place of its own.
    Remove when: never.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schema = (custom_schema_name or target.schema) | trim -%}
    {%- if target.name == 'dev' or target.type != 'postgres' -%} {{ schema }} {%- else -%} {{ target.name }}_{{ schema }} {%- endif -%}
{%- endmacro %}
