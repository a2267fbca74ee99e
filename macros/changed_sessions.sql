{#
    Data tests on large tables say `where: __changed_sessions__`: `dbt build` and `simrace run` show them the sessions that were
    built since they passed last, whoever built them; what fails is looked at again until it passes. `dbt test` and `simrace
    verify` show them everything. (dbt renders no macro in a test's configuration: the word stands for one.)
#}
{% macro postgres__get_where_subquery(relation) -%}
    {%- if config.get('where') != '__changed_sessions__' -%}
        {{ return(dbt.default__get_where_subquery(relation)) }}
    {%- endif -%}
    (select * from {{ relation }} where {{ in_changed_sessions(relation) }}) as changed_sessions
{%- endmacro %}

{# A condition, from the session_id on. The list is one value to the planner: it finds the sessions by index. #}
{% macro in_changed_sessions(relation) -%}
    {%- if invocation_args_dict.which == 'test' or flags.FULL_REFRESH -%} session_id is not null
    {%- else -%}
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
