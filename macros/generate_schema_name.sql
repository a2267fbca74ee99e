{# Schemas are named as they are; a target other than the default prefixes them, so that a trial leaves the data alone. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schema = (custom_schema_name or target.schema) | trim -%}
    {%- if target.name == 'dev' -%} {{ schema }} {%- else -%} {{ target.name }}_{{ schema }} {%- endif -%}
{%- endmacro %}
