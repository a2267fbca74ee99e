{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    partition_by_month='session_started_at',
    goes_with='raw',
    pre_hook='{{ read_in_parallel() }}',
) }}

-- Joined before they are united, and no CTE is used twice: either would bring all rows to one process before the joins.
{% for kind in ['stg_telemetry__samples', 'stg_telemetry__log_samples'] -%}
    select
        sessions.session_id,
        samples.elapsed_s,
        {% for channel in var('telemetry_channels') -%}
            samples.{{ channel }},
        {% endfor -%}
        samples.out_of_range_channels,
        sessions.session_started_at,
        cast(session_files.file_rank as smallint) as file_rank,
        samples.line_number
    from {{ ref(kind) }} as samples
    inner join {{ ref('int_telemetry_session_files') }} as session_files
        on samples.file_id = session_files.file_id and session_files.is_used
    inner join {{ ref('int_telemetry_sessions') }} as sessions on session_files.session_id = sessions.session_id
    where
        -- PostgreSQL pushes a list of files down to the blocks; with a join it would parse all lines of all files first
        {% set due -%}
            select due.file_id
            from {{ ref('int_telemetry_session_files') }} as due
            where
                due.is_used
                and due.session_id in ({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }})
        {%- endset -%}
        {{ is_any_of('samples.file_id', due) }}
        and not exists (
            select 1
            from {{ ref('int_telemetry_refused_lines') }} as refused_lines
            where refused_lines.file_id = samples.file_id and refused_lines.line_number = samples.line_number
        )
        -- a better file of the session has the clock interval it covers to itself
        and not exists (
            select 1
            from {{ ref('int_telemetry_session_files') }} as better
            where
                better.session_id = session_files.session_id
                and better.file_rank < session_files.file_rank
                and samples.elapsed_s between better.first_elapsed_s and better.last_elapsed_s
        )
    {% if not loop.last %}union all{% endif %}
{% endfor %}
