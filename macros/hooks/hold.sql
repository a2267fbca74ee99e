{#
    One writer at a time. A simrace run keeps the warehouse's advisory lock (simrace/database/lock.py) in a session of its own
    until it ends. Plain dbt closes every session that it opens, so it leaves a row in ops.dbt_at_work instead, and a run
    waits until the row is gone. A dbt that was killed leaves its row behind; who sees no session of dbt's for ten seconds
    takes such a row away.
#}
{% macro _is_plain_dbt_writing() -%}
    {{ return(
        execute
        and invocation_args_dict.which in ('build', 'clone', 'retry', 'run', 'seed', 'snapshot')
        and not env_var('SIMRACE_HOLDS_WAREHOUSE', '')
    ) }}
{%- endmacro %}


{#
    On-run-start, first: leave the row, or end where somebody else is at work. To wait is no use: dbt has already looked which
    relations there are, and the other one makes new ones.
#}
{% macro hold_warehouse() -%}
    {%- if not _is_plain_dbt_writing() -%} {{ return('') }} {%- endif -%}
    {%- set is_locked = run_query('select pg_try_advisory_lock(7467263)').rows[0][0] -%}
    {%- if not is_locked -%}
        {#- The session of a run that was killed a moment ago may still be there. -#}
        {%- set is_locked = run_query('select pg_sleep(1), pg_try_advisory_lock(7467263)').rows[0][1] -%}
    {%- endif -%}
    {%- if is_locked -%}
        {%- do run_query(_create_dbt_at_work()) -%}
        {%- for _ in range(20) -%}
            {%- set others = run_query(
                "select count(*), (select count(*) from pg_stat_activity where datname = current_database()"
                ~ " and application_name = 'simrace dbt' and pid <> pg_backend_pid()) from ops.dbt_at_work"
            ).rows[0] -%}
            {%- if others[0] == 0 or (others[1] == 0 and loop.last) -%}
                {{ return(
                    "delete from ops.dbt_at_work; insert into ops.dbt_at_work (invocation_id) values ('" ~ invocation_id ~ "');"
                    ~ " commit; select pg_advisory_unlock(7467263)"
                ) }}
            {%- elif others[1] > 0 -%} {%- break -%}
            {%- endif -%}
            {#- As no query: while it reads a result, dbt may swallow Ctrl-C. -#}
            {%- call statement() -%} commit; select pg_sleep(0.5) {%- endcall -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do exceptions.raise_compiler_error(
        'Another simrace run is at work. Call dbt again when it has ended, or call `simrace dbt`, which waits for it.'
    ) -%}
{%- endmacro %}

{% macro _create_dbt_at_work() -%}
    do $$ begin
        if to_regnamespace('ops') is null then
            create schema ops;
        end if;
    end $$;
    create table if not exists ops.dbt_at_work (
        invocation_id text primary key,
        started_at timestamptz not null default now()
    )
{%- endmacro %}


{#
    Before a model of staging or of what is published, and on-run-end, first: a dbt that stood still so long that its row was
    taken away changes nothing more.
#}
{% macro keep_holding() -%}
    {%- if _is_plain_dbt_writing()
        and not run_query("select exists (select from ops.dbt_at_work where invocation_id = '" ~ invocation_id ~ "')").rows[0][0] -%}
        {%- do exceptions.raise_compiler_error('Another simrace run took over, because this dbt stood still. Call dbt again.') -%}
    {%- endif -%}
{%- endmacro %}


{# On-run-end. #}
{% macro release_warehouse() -%}
    {%- if _is_plain_dbt_writing() -%} delete from ops.dbt_at_work where invocation_id = '{{ invocation_id }}' {%- endif -%}
{%- endmacro %}
