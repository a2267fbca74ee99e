{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    partition_by_month='session_started_at',
    goes_with='raw',
    pre_hook='{{ read_in_parallel() }}',
) }}

-- samples are no CTE, which would be computed by itself and kept until read
with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where session_id in ({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }})
),

session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
),

refused_lines as (
    select * from {{ ref('int_telemetry_refused_lines') }}
)

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
from (
    select * from {{ ref('stg_telemetry__samples') }}
    union all
    select * from {{ ref('stg_telemetry__log_samples') }}
) as samples
inner join session_files on samples.file_id = session_files.file_id and session_files.is_used
inner join sessions on session_files.session_id = sessions.session_id
where
    -- PostgreSQL pushes a list of files down to the blocks; with a join it would parse all lines of all files first
    samples.file_id = any(array(
        select changed.file_id
        from session_files as changed
        inner join sessions as due on changed.session_id = due.session_id
        where changed.is_used
    ))
    and not exists (
        select 1
        from refused_lines
        where refused_lines.file_id = samples.file_id and refused_lines.line_number = samples.line_number
    )
    -- a better file of the session has the clock interval it covers to itself
    and not exists (
        select 1
        from session_files as better
        where
            better.session_id = session_files.session_id
            and better.file_rank < session_files.file_rank
            and samples.elapsed_s between better.first_elapsed_s and better.last_elapsed_s
    )
