{#-
    What a unit test gives has the columns of what it stands for: of a small table those of its copy. Sail knows no columns of a table that
    is only said to lie somewhere, but those of a view of it.
-#}
{% macro spark__get_columns_in_relation_raw(relation) -%}
    {%- set node = graph.nodes.values() | selectattr('name', 'equalto', relation.identifier) | first -%}
    {%- set described = input_of_lake(node.name) if node and not is_of_lake(node) else relation -%}
    {%- if target.type == 'sail' -%}
        {%- do run_in_lake('create or replace temporary view described as select * from ' ~ described ~ ' limit 0') -%}
        {%- set described = 'described' -%}
    {%- endif -%}
    {%- call statement('described', fetch_result=true) -%} describe extended {{ described }} {%- endcall -%}
    {{ return(load_result('described').table) }}
{%- endmacro %}

{#- Sail loses columns where a join of rows that are constants is planned, so it is not told that they are. -#}
{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
    {%- set fixture = dbt.get_fixture_sql(rows, column_name_to_data_types) -%}
    {%- if target.type != 'sail' -%} {{ return(fixture) }} {%- endif -%}
    select fixture.*
    from (
        {{ fixture }}
    ) as fixture
    cross join lateral explode(array(1)) as hidden (one)
{%- endmacro %}

{#- A backslash is one, which dbt's own forgets. -#}
{% macro spark__escape_single_quotes(expression) -%}
    {{ expression | replace('\\', '\\\\') | replace("'", "\\'") }}
{%- endmacro %}
