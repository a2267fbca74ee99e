{#
    What every incremental model has built stands in ops.built: (model, key, input_hash), written in the transaction of the
    build itself. A model rebuilds the keys whose fingerprint is new, changed or gone, so late, corrected, forgotten and
    remapped files are one case, and nothing depends on the order of arrival.
#}
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
        built_at timestamptz not null default now()
    );
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
{%- endmacro %}

{# Keys of a fingerprint relation that the model has not built as they now are; never what can no longer be built. #}
{% macro changed_keys(fingerprints, key) -%}
    select fingerprints.{{ key }}
    from {{ fingerprints }} as fingerprints
    where
        not {{ is_retired(key, 'fingerprints.' ~ key) }}
        {% if is_incremental() and not is_built_anew() -%}
            and not exists (
                select 1
                from {{ ops_schema() }}.built as built
                where
                    built.model = '{{ this.identifier }}'
                    and built.key = cast(fingerprints.{{ key }} as {{ dbt.type_string() }})
                    and built.input_hash = fingerprints.input_hash
            )
        {%- endif %}
{%- endmacro %}

{# Whether the lines of a file or session are gone (`simrace retain`): what was made from them stays as it is. #}
{% macro is_retired(key, value) -%}
    {%- if key in ('file_id', 'session_id') -%}
        exists (
            select 1
            from {{ ops_schema() }}.retired as retired
            where cast(retired.{{ key }} as {{ dbt.type_string() }}) = cast({{ value }} as {{ dbt.type_string() }})
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# Post-hook of a model that uses changed_keys: what it holds is what the fingerprints say now. #}
{% macro record_built(fingerprints, key) -%}
    delete from {{ ops_schema() }}.built as built
    where
        built.model = '{{ this.identifier }}'
        and not {{ is_retired(key, 'built.key') }}
        and not exists (
            select 1
            from {{ fingerprints }} as fingerprints
            where
                cast(fingerprints.{{ key }} as {{ dbt.type_string() }}) = built.key
                and fingerprints.input_hash = built.input_hash
        );
    insert into {{ ops_schema() }}.built (model, key, input_hash)
    select '{{ this.identifier }}', cast(fingerprints.{{ key }} as {{ dbt.type_string() }}), fingerprints.input_hash
    from {{ fingerprints }} as fingerprints
    on conflict (model, key) do nothing;
{%- endmacro %}

{# Incremental strategy `replace_changed`: rows of keys that are gone, or built from something else than now, go; then the new come. #}
{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set key = config.require('replace_key') -%}
    {%- set fingerprints = ref(config.require('fingerprints')) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} as target
    where
        target.{{ key }} = any(array(
            select cast(built.key as {{ config.get('replace_key_type', 'text') }})
            from {{ ops_schema() }}.built as built
            where
                built.model = '{{ this.identifier }}'
                and not {{ is_retired(key, 'built.key') }}
                and not exists (
                    select 1
                    from {{ fingerprints }} as fingerprints
                    where
                        cast(fingerprints.{{ key }} as {{ dbt.type_string() }}) = built.key
                        and fingerprints.input_hash = built.input_hash
                )
            union
            {{ changed_keys(fingerprints, key) }}
        ));
    {% if config.get('partition_by_month') %} {{ make_partitions(arg_dict['target_relation'], arg_dict['temp_relation']) }} {% endif -%}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}


{# Incremental strategy `replace_all`: a small table made anew in place. Rebuilding it would drop the views on it without a word. #}
{% macro get_incremental_replace_all_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}


{#
    Incremental strategy `upsert`: the select is the whole table. Rows that are gone go, rows that differ are updated, rows
    that are new come, and the rest is not touched, so readers never see the table missing or half full. From a dimension
    that facts refer to, rows go at the end of the run: see remove_gone_rows.
#}
{% macro get_incremental_upsert_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | list -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set same_key -%}
        {% for key in keys %}target.{{ key }} = source.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endset -%}
    {% if this.identifier in foreign_keys() | map(attribute='dimension') -%}
        delete from {{ ops_schema() }}.gone_rows where model = '{{ this.identifier }}';
        insert into {{ ops_schema() }}.gone_rows (model, key)
        select '{{ this.identifier }}', {{ row_key('target', keys) }}
        from {{ target }} as target
        where not exists (select 1 from {{ arg_dict['temp_relation'] }} as source where {{ same_key }});
    {%- else -%}
        delete from {{ target }} as target
        where not exists (select 1 from {{ arg_dict['temp_relation'] }} as source where {{ same_key }});
    {%- endif %}
    merge into {{ target }} as target
    using {{ arg_dict['temp_relation'] }} as source
    on {{ same_key }}
    when matched and row(target.{{ columns | join(', target.') }}) is distinct from row(source.{{ columns | join(', source.') }})
        then update set
            {% for column in columns %}{{ column }} = source.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    when not matched then insert ({{ columns | join(', ') }}) values (source.{{ columns | join(', source.') }});
{%- endmacro %}
