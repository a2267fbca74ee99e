{% macro analyze_table(is_anew) -%}
    {%- if config.get('partition_by_month') -%}
        {#-
            Only the months that this run wrote, and the parent. Only the key columns: analyzing all 80 takes a tenth of the time
            of the build.
        -#}
        {%- set key = '(' ~ key_of(model) | join(', ') ~ ')' -%}
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
    {%- elif is_anew -%}
        analyze {{ this }};
    {%- else -%}
        {#- A twentieth of the rows changes no plan; PostgreSQL itself waits for a tenth. -#}
        do $analyze$
        begin
            if
                20 * (
                    pg_stat_get_xact_tuples_inserted(cast('{{ this }}' as regclass))
                    + pg_stat_get_xact_tuples_updated(cast('{{ this }}' as regclass))
                    + pg_stat_get_xact_tuples_deleted(cast('{{ this }}' as regclass))
                ) > (select reltuples from pg_class where oid = cast('{{ this }}' as regclass))
            then
                analyze {{ this }};
            end if;
        end $analyze$;
    {%- endif -%}
{%- endmacro %}
