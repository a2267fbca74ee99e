{#
    Replaces dbt's `generate_schema_name`, which dbt asks projects to do.
    Why: schemas are named as they are. A target other than the default puts its name in front, so that a trial leaves the data alone.
    Remove when: never.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schema = (custom_schema_name or target.schema) | trim -%}
    {%- if target.name == 'dev' -%} {{ schema }} {%- else -%} {{ target.name }}_{{ schema }} {%- endif -%}
{%- endmacro %}
