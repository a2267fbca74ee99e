{% macro record_results(results) -%}
    {%- set rows = [] -%}
    {%- for result in (results if execute else []) -%}
        {%- set status = result.status.value -%}
        {%- set lines = [] if status in ('success', 'pass', 'no-op') else ((result.message or '') | string).strip().split('\n')[:2] -%}
        {%- set message = lines | map('trim') | join(' ') | truncate(300, true, '...', 0) -%}
        {%- set rows_affected = (result.adapter_response or {}).get('rows_affected', -1) -%}
        {%- set texts = [
            invocation_id, result.node.unique_id, invocation_args_dict.which, result.node.name,
            result.node.resource_type.value, status,
        ] -%}
        {%- set literals = [] -%}
        {%- for text in texts -%} {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(text))) -%} {%- endfor -%}
        {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(message)) if message else 'null') -%}
        {%- do literals.append(result.execution_time) -%}
        {%- do literals.append(rows_affected if rows_affected >= 0 else 'null') -%}
        {%- do literals.append('null' if result.failures is none else result.failures) -%}
        {%- do rows.append('(' ~ literals | join(', ') ~ ", timestamptz '" ~ run_started_at.isoformat() ~ "')") -%}
    {%- endfor -%}
    {%- if rows -%}
        insert into {{ ops_schema() }}.dbt_results (
            invocation_id, unique_id, command, node, resource_type, status, message, seconds, rows_affected, failures, started_at
        )
        values
        {{ rows | join(',\n') }}
        on conflict (invocation_id, unique_id) do nothing;
        delete from {{ ops_schema() }}.dbt_results
        where
            started_at < (
                select min(started_at) from (
                    select distinct started_at from {{ ops_schema() }}.dbt_results
                    order by started_at desc
                    limit {{ var('dbt_invocations_kept') }}
                ) as kept
            );
    {%- endif -%}
{%- endmacro %}
