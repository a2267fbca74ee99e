{#
    Replaces dbt's `get_column_schema_from_query`, by which contracts are compared.
    Why: dbt asks the driver for the types of a query. The driver does not know uuid (a warning each time) or precision, so that
    numeric(6,3) passes for numeric(10,0). Here PostgreSQL names the types.
    Remove when: dbt asks PostgreSQL.
#}
{% macro get_column_schema_from_query(select_sql, select_sql_header=none) -%}
    {%- call statement('column_types', fetch_result=true) -%}
        drop view if exists pg_temp.contract_columns;
        create temporary view contract_columns as
        select * from (
            {{ select_sql }}
        ) as query;
        select
            attname,
            format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = cast('pg_temp.contract_columns' as regclass) and attnum > 0
        order by attnum
    {%- endcall -%}
    {%- set columns = [] -%}
    {%- for name, type in load_result('column_types')['data'] -%}
        {%- do columns.append(api.Column.create(name, type)) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
