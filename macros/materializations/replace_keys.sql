{% macro changed_keys(fingerprints, key) -%}
    select fingerprints.{{ key }}
    from {{ fingerprints }} as fingerprints
    where
        not {{ is_retired(key, 'fingerprints.' ~ key) }}
        {% if config.get('materialized') == 'incremental' and not is_built_anew() -%}
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

{% macro is_retired(key, value) -%}
    {%- if key in ('file_id', 'session_id') -%}
        {#- The value stands outside of the subquery, where a name without its table cannot be that of a column of `retired`. -#}
        coalesce(
            cast({{ value }} as {{ dbt.type_string() }}) in (
                select cast(retired.{{ key }} as {{ dbt.type_string() }}) from {{ ops_schema() }}.retired as retired
            ),
            false
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{% macro is_stale(fingerprints, key) -%}
    built.model = '{{ this.identifier }}'
    and not {{ is_retired(key, 'built.key') }}
    and not exists (
        select 1
        from {{ fingerprints }} as fingerprints
        where
            cast(fingerprints.{{ key }} as {{ dbt.type_string() }}) = built.key
            and fingerprints.input_hash = built.input_hash
    )
{%- endmacro %}


{% macro delete_keys(relation) -%}
    {%- set key = config.require('key') -%}
    {%- set fingerprints = ref(config.require('fingerprints')) -%}
    delete from {{ relation }} as target
    where
        target.{{ key }} = any(array(
            select cast(built.key as {{ config.get('key_type', 'text') }})
            from {{ ops_schema() }}.built as built
            where {{ is_stale(fingerprints, key) }}
            union
            {{ changed_keys(fingerprints, key) }}
        ));
{%- endmacro %}

{% macro insert_keys(relation, rows) -%}
    {%- set columns = columns_of(rows) | join(', ') -%}
    {% if config.get('partition_by_month') %} {{ make_partitions(relation, rows) }} {% endif -%}
    insert into {{ relation }} ({{ columns }})
    select {{ columns }} from {{ rows }};
{%- endmacro %}


{% macro record_built() -%}
    {%- set fingerprints = ref(config.require('fingerprints')) -%}
    {%- set key = config.require('key') -%}
    delete from {{ ops_schema() }}.built as built
    where {{ is_stale(fingerprints, key) }};
    insert into {{ ops_schema() }}.built (model, key, input_hash)
    select '{{ this.identifier }}', cast(fingerprints.{{ key }} as {{ dbt.type_string() }}), fingerprints.input_hash
    from {{ fingerprints }} as fingerprints
    on conflict (model, key) do nothing;
{%- endmacro %}
