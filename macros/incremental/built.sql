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


{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set key = config.require('replace_key') -%}
    {%- set fingerprints = ref(config.require('fingerprints')) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} as target
    where
        target.{{ key }} = any(array(
            select cast(built.key as {{ config.get('replace_key_type', 'text') }})
            from {{ ops_schema() }}.built as built
            where {{ is_stale(fingerprints, key) }}
            union
            {{ changed_keys(fingerprints, key) }}
        ));
    {% if config.get('partition_by_month') %} {{ make_partitions(arg_dict['target_relation'], arg_dict['temp_relation']) }} {% endif -%}
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}


{% macro get_incremental_replace_all_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}


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
