{% macro read_due_files(files) -%}
    {%- if execute and not is_built_anew() -%}
        select set_config('simrace.due_files', coalesce(string_agg(distinct file_id, ','), 'none'), true)
        from ({{ files }}) as due
    {%- endif -%}
{%- endmacro %}

{% macro is_due(file_id) -%}
    coalesce(
        {{ file_id }}
        = any(cast((select string_to_array(nullif(current_setting('simrace.due_files', true), ''), ',')) as text[])),
        true
    )
{%- endmacro %}

{% macro due_session_files() -%}
    select file_id
    from {{ ref('int_event_sessions_united') }}
    where event_session_id in ({{ changed_keys(ref('int_event_session_inputs'), 'event_session_id') }})
{%- endmacro %}

{% macro due_race_files() -%}
    select file_id
    from {{ ref('int_race_lap_inputs') }}
    where race_id in ({{ changed_keys(ref('int_race_lap_inputs'), 'race_id') }})
{%- endmacro %}

{% macro due_files() -%}
    {{ changed_keys(ref('stg_files__result_inputs'), 'file_id') }}
{%- endmacro %}
