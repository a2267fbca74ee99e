{#
    What was run and how it ended, kept beside the data in the schema ops. ops.runs is written by simrace (ingestion/runs.py
    makes the same table, for a landing before the first build), ops.dbt_results by every dbt command that runs nodes.
#}
{% macro create_record_tables() -%}
    create table if not exists {{ ops_schema() }}.runs (
        run_id text primary key,
        command text not null,
        outcome text not null,
        error text,
        invocation_id text,
        files_found integer not null,
        files_landed integer not null,
        files_already_landed integer not null,
        files_refused integer not null,
        bytes_landed bigint not null,
        landing_s double precision not null,
        dbt_s double precision not null,
        started_at timestamptz not null,
        ended_at timestamptz not null
    );
    create table if not exists {{ ops_schema() }}.dbt_results (
        invocation_id text not null,
        unique_id text not null,
        command text not null,
        node text not null,
        resource_type text not null,
        status text not null,
        message text,
        seconds double precision not null,
        rows_affected bigint,
        failures bigint,
        started_at timestamptz not null,
        recorded_at timestamptz not null default now(),
        primary key (invocation_id, unique_id)
    );
    create table if not exists {{ ops_schema() }}.last_build (
        made_from text not null,
        made text not null,
        built_at timestamptz not null default now()
    );
{%- endmacro %}

{#
    On-run-start: what follows may change any table. When all of it went well, simrace says again what the marts were made
    from (ingestion/last_build.py), and `simrace run` builds nothing as long as that is the same.
#}
{% macro empty_last_build() -%}
    delete from {{ ops_schema() }}.last_build
{%- endmacro %}

{#
    On-run-end: one insert for all nodes of this invocation, and the oldest invocations go. What went well needs no message;
    of the rest the first two lines are kept, because those under them may show whole rows.
#}
{% macro record_results(results) -%}
    {%- set rows = [] -%}
    {%- for result in (results if execute else []) -%}
        {%- set status = result.status.value -%}
        {%- set lines = [] if status in ('success', 'pass', 'no-op') else ((result.message or '') | string).strip().split('\n')[:2] -%}
        {%- set message = lines | map('trim') | join(' ') | truncate(300, true, '...', 0) -%}
        {%- set rows_affected = (result.adapter_response or {}).get('rows_affected', -1) -%}
        {%- set texts = [
            invocation_id, result.node.unique_id, invocation_args_dict.which, result.node.name,
            result.node.resource_type.value, status,
        ] -%}
        {%- set literals = [] -%}
        {%- for text in texts -%} {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(text))) -%} {%- endfor -%}
        {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(message)) if message else 'null') -%}
        {%- do literals.append(result.execution_time) -%}
        {%- do literals.append(rows_affected if rows_affected >= 0 else 'null') -%}
        {%- do literals.append('null' if result.failures is none else result.failures) -%}
        {%- do rows.append('(' ~ literals | join(', ') ~ ", timestamptz '" ~ run_started_at.isoformat() ~ "')") -%}
    {%- endfor -%}
    {%- if rows -%}
        insert into {{ ops_schema() }}.dbt_results (
            invocation_id, unique_id, command, node, resource_type, status, message, seconds, rows_affected, failures, started_at
        )
        values
        {{ rows | join(',\n') }}
        on conflict (invocation_id, unique_id) do nothing;
        delete from {{ ops_schema() }}.dbt_results
        where
            started_at < (
                select min(started_at) from (
                    select distinct started_at from {{ ops_schema() }}.dbt_results
                    order by started_at desc
                    limit {{ var('dbt_invocations_kept') }}
                ) as kept
            );
    {%- endif -%}
{%- endmacro %}

{# A table of an older version that holds a figure as it was then and has no history to lose: made anew with one. #}
{% macro drop_without_history() -%}
    {%- if execute -%}
        {%- set relation = adapter.get_relation(target.database, generate_schema_name('marts', none) | trim, 'data_quality_kpis') -%}
        {%- if relation and 'measured_at' not in (adapter.get_columns_in_relation(relation) | map(attribute='name') | list) -%}
            {%- do adapter.drop_relation(relation) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
