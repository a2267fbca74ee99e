{#
    Replaces dbt's `get_columns_in_relation`.
    Why: dbt reads information_schema, which takes 10 ms on a new connection, and every node has a new one. The catalogue takes one.
    It names the types of arrays too.
    Remove when: dbt reads the catalogue, or keeps its connections.
#}
{% macro postgres__get_columns_in_relation(relation) -%}
    {%- call statement('get_columns_in_relation', fetch_result=true) -%}
        select
            attname,
            format_type(atttypid, null),
            information_schema._pg_char_max_length(atttypid, atttypmod),
            information_schema._pg_numeric_precision(atttypid, atttypmod),
            information_schema._pg_numeric_scale(atttypid, atttypmod)
        from pg_attribute
        where attrelid = to_regclass('{{ relation.render() }}') and attnum > 0 and not attisdropped
        order by attnum
    {%- endcall -%}
    {{ return(sql_convert_columns_in_relation(load_result('get_columns_in_relation').table)) }}
{%- endmacro %}
