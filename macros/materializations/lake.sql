{#-
    Where Spark builds what grows (docs/scale.md), the model of that name reads here what Spark made, and computes nothing. Its keys and
    fingerprints are then those that were published; the types of its columns are those of its own SQL.
-#}
{% macro is_read_from_lake() -%}
    {{ return(graph.get('builds_in_lake', false) and is_of_lake(model) and config.get('materialized') == 'incremental') }}
{%- endmacro %}

{#- Whether it has rows of chosen sessions alone, and some came. -#}
{% macro is_fetched_from_lake() -%}
    {{ return(
        is_read_from_lake()
        and model.config.meta.grows == 'fetched'
        and run_query("select to_regclass('lake." ~ this.identifier ~ "')").rows[0][0] is not none
    ) }}
{%- endmacro %}

{#- Asked once for all models (read_ledgers). Only the usual target has a lake. -#}
{% macro builds_in_lake() -%}
    {%- if target.name != 'dev' or run_query("select to_regclass('lake.engine')").rows[0][0] is none -%} {{ return(false) }} {%- endif -%}
    {{ return(run_query('select 1 from lake.engine').rows | length > 0) }}
{%- endmacro %}

{#- The relation with the key and `input_hash` that the model follows. -#}
{% macro fingerprints_of_model() -%}
    {%- if is_read_from_lake() -%}
        (
            select cast(built.key as {{ config.get('key_type', 'text') }}) as {{ config.require('key') }}, built.input_hash
            from lake.built as built
            where built.model = '{{ this.identifier }}'
        )
    {%- else -%}
        {{ return(ref(config.require('fingerprints'))) }}
    {%- endif -%}
{%- endmacro %}

{% macro rows_of_lake() -%}
    {%- set columns = [] -%}
    {%- for column in get_column_schema_from_query(sql) -%}
        {%- do columns.append('cast(published.' ~ column.name ~ ' as ' ~ column.dtype ~ ') as ' ~ column.name) -%}
    {%- endfor -%}
    {%- if run_query("select to_regclass('lake." ~ this.identifier ~ "')").rows[0][0] is none -%}
        select * from (
            {{ sql }}
        ) as published
        where false
    {%- else -%}
        select {{ columns | join(', ') }}
        from lake.{{ this.identifier }} as published
        where
            published.{{ config.require('key') }} = any(array(
                select cast(due.key as text)
                from ({{ changed_keys(fingerprints_of_model(), config.require('key')) }}) as due (key)
            ))
    {%- endif -%}
{%- endmacro %}

{#- One of the parts in which simrace builds everything, and not the last; what the end of a build does is done after that. -#}
{% macro builds_part() -%}
    {{ return(env_var('SIMRACE_BUILDS_PART', '') == 'early') }}
{%- endmacro %}
