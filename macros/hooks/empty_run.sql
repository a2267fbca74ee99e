{# Not in another target, whose schemas are its own; raw is that of all. #}
{% macro refuse_emptying() -%}
    {%- if execute and flags.EMPTY and target.name == 'dev' -%}
        {%- set is_landed = load_relation(source('raw', 'files')) is not none
            and run_query('select 1 from raw.files limit 1').rows | length > 0 -%}
        {%- if is_landed or has_retired() -%}
            {%- do exceptions.raise_compiler_error(
                '--empty would empty the marts of this warehouse. Try it beside them: --target ci --empty'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#
    As `ingestion/raw_tables.py` and dlt make them; a test compares the two. Indexes and settings come with the first landing.
#}
{% macro create_raw_tables() -%}
    {%- if not flags.EMPTY -%} {{ return('') }} {%- endif -%}
    do $$ begin
        if to_regnamespace('raw') is not null then
            return;
        end if;
        create schema raw;
        create table raw._dlt_loads (
            load_id varchar(64) not null,
            schema_name varchar,
            status bigint not null,
            inserted_at timestamptz not null,
            schema_version_hash varchar
        );
        create table raw.files (
            file_id varchar not null,
            file_bytes bigint not null,
            encoding varchar not null,
            has_bom boolean not null,
            newline varchar not null,
            source_format varchar not null,
            format_family varchar not null,
            delimiter varchar,
            quoting varchar,
            header_line bigint,
            units_line bigint,
            first_data_line bigint,
            line_count bigint not null,
            entry_count bigint,
            text_id varchar,
            repairs varchar,
            reading_hash varchar,
            landed_at timestamptz not null,
            _dlt_load_id varchar not null,
            _dlt_id varchar not null unique
        );
        create table raw.file_sightings (
            file_id varchar not null,
            file_path varchar not null,
            file_name varchar not null,
            modified_at timestamptz,
            seen_at timestamptz not null,
            _dlt_load_id varchar not null,
            _dlt_id varchar not null unique
        );
        create table raw.file_blocks (
            file_id varchar not null,
            block_number bigint not null,
            first_line bigint not null,
            line_count bigint not null,
            lines varchar not null,
            _dlt_load_id varchar not null,
            _dlt_id varchar not null unique
        );
        create table raw.file_channels (
            file_id varchar not null,
            channel_number bigint not null,
            channel_name varchar not null,
            unit varchar not null,
            description varchar not null,
            value_type varchar not null,
            sample_rate_hz double precision,
            sample_count bigint not null,
            times_channel bigint,
            samples_per_block bigint,
            details varchar not null,
            _dlt_load_id varchar not null,
            _dlt_id varchar not null unique
        );
        create table raw.channel_blocks (
            file_id varchar not null,
            block_number integer not null,
            channel_number integer not null,
            first_sample bigint not null,
            float_values real[],
            double_values double precision[],
            integer_values integer[],
            boolean_values boolean[],
            _dlt_load_id varchar not null
        );
        create table raw.file_documents (
            file_id varchar not null,
            document_number bigint not null,
            document_name varchar not null,
            position bigint not null,
            content varchar,
            original varchar,
            data bytea,
            _dlt_load_id varchar not null,
            _dlt_id varchar not null unique
        );
        create table raw.rejected_files (
            file_id varchar not null,
            file_name varchar not null,
            file_path varchar not null,
            file_bytes bigint not null,
            reason varchar not null,
            detail varchar not null,
            head varchar,
            rejected_at timestamptz not null,
            modified_at timestamptz,
            _dlt_load_id varchar not null,
            _dlt_id varchar not null unique
        );
        create table raw.struck_drivers (
            driver_id varchar primary key,
            struck_at timestamptz not null default now()
        );
        create table raw.declared_formats (
            source_format varchar primary key,
            title varchar not null,
            sim varchar not null,
            source_rank integer not null,
            date_order varchar,
            default_sample_rate_hz double precision,
            declaration_hash varchar not null,
            declared_at timestamptz not null default now()
        );
        create table raw.declared_channels (
            source_format varchar not null,
            source_channel varchar not null,
            source_unit varchar not null,
            canonical_channel varchar not null,
            factor double precision not null,
            offset_value double precision not null,
            priority integer not null,
            primary key (source_format, source_channel, source_unit)
        );
        create table raw.own_seed_rows (
            seed varchar not null,
            line integer not null,
            cells jsonb not null,
            replaced_by varchar[] not null,
            primary key (seed, line)
        );
        create table raw.live_sources (
            source varchar primary key,
            next_offset bigint not null,
            commit_number bigint not null,
            counts jsonb not null,
            lag_s double precision,
            lag_frames bigint,
            commit_s double precision not null,
            committed_at timestamptz not null
        );
        create table raw.live_streams (
            stream varchar primary key,
            source varchar not null,
            source_format varchar not null,
            session_mark varchar not null,
            told jsonb not null,
            is_open boolean not null,
            batch_number bigint not null,
            last_clock double precision,
            last_received_at timestamptz not null,
            state jsonb not null,
            reading jsonb not null
        ) with (fillfactor = 50);
        create index live_streams_source on raw.live_streams (source);
        create table raw.live_frames (
            stream varchar not null,
            batch_number bigint not null,
            source_format varchar not null,
            session_mark varchar not null,
            told jsonb not null,
            mark varchar not null,
            first_clock double precision,
            last_clock double precision,
            first_offset bigint,
            last_offset bigint,
            frame_count integer not null,
            frames varchar not null,
            packets bytea,
            received_at timestamptz not null,
            primary key (stream, batch_number)
        );
        alter table raw.live_frames alter column frames set statistics 0;
        alter table raw.live_frames alter column packets set statistics 0;
        create index live_frames_received_at on raw.live_frames (received_at);
        create table raw.live_quarantine (
            source varchar not null,
            reason varchar not null,
            slot integer not null,
            stream varchar not null,
            source_offset bigint not null,
            detail varchar not null,
            frame_bytes bigint not null,
            head bytea not null,
            quarantined_at timestamptz not null,
            primary key (source, reason, slot)
        );
    end $$
{%- endmacro %}
