{% macro ops_schema() -%}
    {{ generate_schema_name('ops', none) }}
{%- endmacro %}


{% macro create_ops_tables() -%}
    {# `if not exists` asks for the right to create a schema even where there is one -#}
    do $$ begin
        if to_regnamespace('{{ ops_schema() }}') is null then
            create schema {{ ops_schema() }};
        end if;
    end $$;
    create table if not exists {{ ops_schema() }}.built (
        model text not null,
        key text not null,
        input_hash text not null,
        built_at timestamptz not null default now(),
        primary key (model, key)
    );
    create table if not exists {{ ops_schema() }}.code (
        model text primary key,
        code_hash text not null,
        description_hash text,
        built_at timestamptz not null default now()
    );
    -- before descriptions were looked at
    do $$ begin
        if not exists (
            select 1 from pg_attribute
            where attrelid = cast('{{ ops_schema() }}.code' as regclass) and attname = 'description_hash'
        ) then
            alter table {{ ops_schema() }}.code add column description_hash text;
        end if;
    end $$;
    create table if not exists {{ ops_schema() }}.gone_rows (
        model text not null,
        key text not null,
        primary key (model, key)
    );
    create table if not exists {{ ops_schema() }}.quarantine_history (
        file_id text not null,
        race_id text not null,
        line_number bigint not null,
        reason text not null,
        quarantined_at timestamptz not null default now(),
        released_at timestamptz,
        primary key (file_id, race_id, line_number, reason, quarantined_at)
    );
    create table if not exists {{ ops_schema() }}.retired (
        session_id uuid not null,
        file_id text not null,
        raw_retired_at timestamptz not null default now(),
        traces_retired_at timestamptz,
        primary key (session_id, file_id)
    );
    create table if not exists {{ ops_schema() }}.pins (
        session_id uuid primary key,
        pinned_at timestamptz not null default now()
    );
    create table if not exists {{ ops_schema() }}.pseudonyms (
        state text not null,
        is_complete boolean not null
    );
    create table if not exists {{ ops_schema() }}.models (
        model_id text primary key,
        target text not null,
        body text not null,
        card text not null,
        scores jsonb not null,
        verdict text,
        learned_until timestamptz,
        trained_at timestamptz not null default now()
    );
    create table if not exists {{ ops_schema() }}.predicted (
        model_id text not null references {{ ops_schema() }}.models,
        race_key text not null,
        entry_key text not null,
        race_id text,
        driver_id text,
        layout_id text,
        license_category_id text,
        starts_at timestamptz,
        value double precision not null,
        low double precision not null,
        high double precision not null,
        made_by text not null,
        predicted_at timestamptz not null default now(),
        primary key (model_id, race_key, entry_key)
    );
    create table if not exists {{ ops_schema() }}.rating_forecasts (
        driver_id text not null,
        license_category_id text not null,
        races_ahead integer not null,
        irating integer not null,
        expected_irating double precision,
        low_irating double precision not null,
        high_irating double precision not null,
        error double precision not null,
        naive_error double precision not null,
        better_share double precision not null,
        coverage double precision,
        cases integer not null,
        as_of timestamptz not null,
        primary key (driver_id, license_category_id, races_ahead)
    );
    {{ create_runs_table() }};
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


{% macro empty_last_build() -%}
    delete from {{ ops_schema() }}.last_build
{%- endmacro %}
