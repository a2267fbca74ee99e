{#
    How a table is made that is cut into months (config `partition_by_month`: a timestamp of the model, part of its key); dbt
    itself knows no partitions. PostgreSQL reads in parallel for `create table as` but not for `insert ... select`, so the rows are
    computed into a temporary table first, and the key is made when they are all there.
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


{#
    The months that rows about to be written need. They stand in ops, out of the way of those who read the marts, and carry
    the number of their table, because a full refresh makes the new beside the old. A table of an older version has none.
#}
{% macro make_partitions(relation, rows) -%}
    {%- set month = "date_trunc('month', " ~ config.get('partition_by_month') ~ " at time zone 'UTC')" -%}
    do $make_partitions$
    declare
        number oid := cast('{{ relation }}' as regclass);
        month timestamp;
    begin
        if exists (select 1 from pg_class where oid = number and relkind = 'p') then
            for month in
                select distinct {{ month }} from {{ rows }}
                except
                select cast(to_timestamp(substring(relname from '_([0-9]+_[0-9]+)_[0-9]+$'), 'YYYY_MM') as timestamp)
                from pg_inherits inner join pg_class on inhrelid = pg_class.oid
                where inhparent = number
            loop
                execute format(
                    'create table {{ ops_schema() }}.%I partition of {{ relation }} for values from (%L) to (%L)',
                    '{{ this.identifier }}_' || to_char(month, 'YYYY_MM_') || number,
                    month at time zone 'UTC',
                    (month + interval '1 month') at time zone 'UTC'
                );
            end loop;
        end if;
    end $make_partitions$;
{%- endmacro %}


{#
    Post-hook of every model that is a table. Of one that is cut into months those are looked at that this run made or wrote to,
    and the whole by a sample: what lay there before is known. Of those only the key, by which all is found: looking at 80
    columns takes a tenth of the time that making them takes.
#}
{% macro analyze_table() -%}
    {%- if config.get('materialized') == 'view' -%}
    {%- elif config.get('partition_by_month') -%}
        {%- set key = '(' ~ (model.constraints | selectattr('type', 'equalto', 'primary_key') | first).columns | join(', ') ~ ')' -%}
        do $analyze$
        declare
            partition regclass;
        begin
            for partition in
                select inhrelid from pg_inherits
                where inhparent = cast('{{ this }}' as regclass) and pg_stat_get_xact_tuples_inserted(inhrelid) > 0
            loop
                execute format('analyze %s {{ key }}', partition);
            end loop;
            -- before PostgreSQL 18 a look at the whole is one at each month too
            execute case when current_setting('server_version_num')::integer >= 180000 then 'analyze only ' else 'analyze ' end
                || '{{ this }} {{ key }}';
        end $analyze$;
    {%- else -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}


{#
    Pre-hook of a model that parses lines. The planner guesses a handful of lines in a block and would not start workers for
    them, and would remember each line in case it came again. To leave out repeated blocks it would hash or sort them, and
    hand all of them to one process.
#}
{% macro read_in_parallel() -%}
    set local parallel_setup_cost = 0;
    set local parallel_tuple_cost = 0;
    set local enable_memoize = off;
    set local enable_parallel_hash = off;
    set local enable_mergejoin = off;
{%- endmacro %}
