{#
    The columns that a query gives, with the types as PostgreSQL names them; contracts are compared by them. dbt asks the
    driver, which knows no uuid (a warning each time) and no precision (numeric(6,3) passes for numeric(10,0)).
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
