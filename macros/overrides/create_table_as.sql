{#
    Replaces dbt's `create_table_as`.
    Why: dbt knows no partitions, and a table with `partition_by_month` (a timestamp of the model, part of its key) is cut into
    months. PostgreSQL reads in parallel for `create table as` but not for `insert ... select`, so the rows are computed
    into a temporary table first, and the key is made when they are all there.
    Remove when: dbt makes partitioned tables on PostgreSQL.
#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- if not temporary and config.get('contract').enforced and config.get('partition_by_month') -%}
        {%- set columns = adapter.dispatch('get_column_names', 'dbt')() -%}
        {%- set computed = this.identifier ~ '__computed' -%}
        {{ get_assert_columns_equivalent(sql) }}
        create temporary table {{ computed }} on commit drop as (
            {{ sql }}
        );
        create table {{ relation }} ({{ columns_with_constraints() | join(', ') }})
        partition by range ({{ config.get('partition_by_month') }});
        {{ make_partitions(relation, computed) }}
        insert into {{ relation }} ({{ columns }}) select {{ columns }} from {{ computed }};
        alter table {{ relation }}
        {% for constraint in constraints_of_table() %}add {{ constraint }}{{ ', ' if not loop.last }}{% endfor %};
    {%- else -%}
        {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- endif -%}
{%- endmacro %}
