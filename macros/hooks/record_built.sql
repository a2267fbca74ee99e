{#- One hook and one statement: dbt compiles a hook for every model anew. -#}
{% macro record_build() -%}
    {%- if config.get('materialized') != 'view' -%}
        {{ analyze_table() }};
        {{ record_built() }}
        {{ record_code() }}
    {%- endif -%}
{%- endmacro %}


{% macro record_built() -%}
    {%- if not config.get('fingerprints') -%} {{ return('') }} {%- endif -%}
    {%- set fingerprints = ref(config.get('fingerprints')) -%}
    {%- set key = config.require('replace_key') -%}
    delete from {{ ops_schema() }}.built as built
    where {{ is_stale(fingerprints, key) }};
    insert into {{ ops_schema() }}.built (model, key, input_hash)
    select '{{ this.identifier }}', cast(fingerprints.{{ key }} as {{ dbt.type_string() }}), fingerprints.input_hash
    from {{ fingerprints }} as fingerprints
    on conflict (model, key) do nothing;
{%- endmacro %}


{% macro record_code() -%}
    {%- if config.get('materialized') == 'incremental' -%}
        insert into {{ ops_schema() }}.code (model, code_hash)
        values ('{{ this.identifier }}', '{{ code_hash() }}')
        on conflict (model) do update set
            code_hash = excluded.code_hash,
            built_at = excluded.built_at
        where code.code_hash <> excluded.code_hash
    {%- endif -%}
{%- endmacro %}
