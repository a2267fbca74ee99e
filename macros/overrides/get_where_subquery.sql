{#
    Replaces dbt's `get_where_subquery`.
    Why: data tests on large tables have `where: __changed_sessions__`. In `dbt build` and `simrace run` they see only the sessions
    that were built since the test last passed, so a session that fails is tested again. `dbt test` and `simrace verify` see
    everything. The word stands for a macro, because dbt renders none in a test's config.
    Remove when: dbt renders macros there.
#}
{% macro default__get_where_subquery(relation) -%}
    {%- if config.get('where') != '__changed_sessions__' -%}
        {{ return(dbt.default__get_where_subquery(relation)) }}
    {%- endif -%}
    (select * from {{ relation }} where {{ in_changed_sessions(relation) }}) as changed_sessions
{%- endmacro %}

{% macro in_changed_sessions(relation) -%} {{ return(adapter.dispatch('in_changed_sessions')(relation)) }} {%- endmacro %}

{% macro postgres__in_changed_sessions(relation) -%}
    {%- if invocation_args_dict.which == 'test' or flags.FULL_REFRESH -%} session_id is not null
    {%- else -%}
        {#- The array is one value to the planner, so it finds the sessions by index. #}
        session_id = any(array(
            select cast(built.key as uuid)
            from {{ ops_schema() }}.built as built
            inner join {{ ops_schema() }}.code as code on built.model = code.model
            where
                built.model = '{{ relation.identifier }}'
                and greatest(built.built_at, code.built_at) > coalesce((
                    select max(results.recorded_at)
                    from {{ ops_schema() }}.dbt_results as results
                    where results.unique_id = '{{ model.unique_id }}' and results.status = 'pass'
                ), '-infinity')
        ))
    {%- endif -%}
{%- endmacro %}

{#- simrace has all sessions looked at where the build before did not end (SIMRACE_SPARK_TESTS). -#}
{% macro spark__in_changed_sessions(relation) -%}
    {%- set keys = graph.get('changed_in_lake', {}).get(relation.identifier, []) -%}
    {%- if invocation_args_dict.which == 'test' or keys == 'all' or env_var('SIMRACE_SPARK_TESTS', '') == 'all' -%}
        session_id is not null
    {%- else -%} session_id in ({{ listed(keys) if keys else 'null' }})
    {%- endif -%}
{%- endmacro %}
