{% macro create_runs_table() -%}
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
    )
{%- endmacro %}
