{% macro changed_keys(fingerprints, key) -%}
    {{ return(adapter.dispatch('changed_keys')(fingerprints, key)) }}
{%- endmacro %}

{% macro postgres__changed_keys(fingerprints, key) -%}
    select fingerprints.{{ key }}
    from {{ fingerprints }} as fingerprints
    where
        (
            not {{ is_retired(key, 'fingerprints.' ~ key) }}
            {#- of a session whose lines are gone the lake may still have traces, and gives them where they are asked for #}
            {% if is_fetched_from_lake() -%}
                or cast(fingerprints.{{ key }} as {{ dbt.type_string() }}) in (
                    select fetched.{{ key }} from lake.{{ this.identifier }} as fetched
                )
            {%- endif %}
        )
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
    {%- set fingerprints = fingerprints_of_model() -%}
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
    {%- set fingerprints = fingerprints_of_model() -%}
    {%- set key = config.require('key') -%}
    delete from {{ ops_schema() }}.built as built
    where {{ is_stale(fingerprints, key) }};
    {% if invocation_args_dict.selector or is_read_from_lake() or env_var('SIMRACE_BUILDS_PART', '') or not is_of_a_part(model.unique_id) -%}
        insert into {{ ops_schema() }}.built (model, key, input_hash)
        select '{{ this.identifier }}', cast(fingerprints.{{ key }} as {{ dbt.type_string() }}), fingerprints.input_hash
        from {{ fingerprints }} as fingerprints
        on conflict (model, key) do nothing;
    {%- endif %}
{%- endmacro %}

{#-
    Whether the build leaves out a table that the model is made from, and that may not have the keys yet that are due: they stay due.
    What a selector of the project leaves out is as it should be.
-#}
{% macro is_of_a_part(unique_id) -%}
    {%- set node = graph.nodes[unique_id] -%}
    {%- if 'is_of_a_part' not in node -%}
        {%- set left_out = [] -%}
        {%- for parent in node.depends_on.nodes if parent.startswith('model.') -%}
            {%- set is_table = graph.nodes[parent].config.materialized != 'view' -%}
            {%- if (is_table and parent not in selected_resources) or is_of_a_part(parent) -%} {%- do left_out.append(parent) -%} {%- endif -%}
        {%- endfor -%}
        {%- do node.update(is_of_a_part=left_out != []) -%}
    {%- endif -%}
    {{ return(node.is_of_a_part) }}
{%- endmacro %}
