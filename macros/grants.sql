{# Who reads marts needs USAGE on their schema too, which `+grants` does not give. Nothing happens where the role does not exist. #}
{% macro grant_to_reader() -%}
    {%- set schemas = [] -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.fqn[1] == 'marts' and node.schema not in schemas -%}
        {%- do schemas.append(node.schema) -%}
    {%- endfor -%}
    do $$ begin
        if exists (select 1 from pg_roles where rolname = 'simrace_reader') then
            {% for schema in schemas if adapter.check_schema_exists(target.database, schema) %}
            grant usage on schema {{ schema }} to simrace_reader;
            grant select on all tables in schema {{ schema }} to simrace_reader;
            {% endfor %}
            null;
        end if;
    end $$;
{%- endmacro %}
