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
