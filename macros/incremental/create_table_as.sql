{#
    PostgreSQL reads in parallel for `create table as` but not for `insert ... select`, which is how dbt fills a table with a
    contract. A model with `parallel_build: true` is therefore computed into a temporary table first.
#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- if not temporary and config.get('contract').enforced and config.get('parallel_build') -%}
        {%- set columns = adapter.dispatch('get_column_names', 'dbt')() -%}
        {{ get_assert_columns_equivalent(sql) }}
        create temporary table {{ this.identifier }}__computed on commit drop as (
            {{ sql }}
        );
        create table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} ({{ columns }})
        select {{ columns }} from {{ this.identifier }}__computed;
    {%- else -%}
        {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- endif -%}
{%- endmacro %}


{# Post-hook of every model that is a table. #}
{% macro analyze_table() -%}
    {%- if config.get('materialized') != 'view' -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}


{#
    Pre-hook of a model that parses lines. The planner guesses a handful of lines in a block and would not start workers for
    them, and would remember each line in case it came again.
#}
{% macro read_in_parallel() -%}
    set local parallel_setup_cost = 0;
    set local parallel_tuple_cost = 0;
    set local enable_memoize = off;
{%- endmacro %}
