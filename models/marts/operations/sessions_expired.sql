{%- set limits = var('retention') -%}
{%- if not 0 < limits.raw_months <= limits.traces_months <= limits.session_months -%}
    {%- do exceptions.raise_compiler_error('In the var retention, raw_months must come first, then traces_months, then session_months.') -%}
{%- endif -%}
{{ config(materialized='view', schema='ops') }}

with sessions as (
    select
        *,
        age(now(), session_started_at) as age
    from {{ ref('dim_sessions') }}
),

session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
),

landed as (
    select * from {{ ref('stg_files__contents') }}
),

-- corners of a layout that is not frozen were found on the trace of one session, which therefore keeps everything
references_of_corners as (
    select reference_session_id from {{ ref('dim_track_corners') }}
    where reference_session_id is not null
),

kept as (
    select session_id from {{ source('ops', 'pins') }}
    union all
    select reference_session_id from references_of_corners
),

candidates as (
    select
        sessions.session_id,
        sessions.session_started_at,
        sessions.age,
        array_agg(session_files.file_id order by session_files.file_id) as file_ids,
        cast(sum(landed.file_bytes) as bigint) as file_bytes,
        bool_or(retired.session_id is not null) as has_no_raw,
        bool_or(retired.traces_retired_at is not null) as has_no_traces
    from sessions
    inner join session_files on sessions.session_id = session_files.session_id
    inner join landed on session_files.file_id = landed.file_id
    left join {{ source('ops', 'retired') }} as retired
        on session_files.session_id = retired.session_id and session_files.file_id = retired.file_id
    where
        not exists (
            select 1 from kept
            where kept.session_id = sessions.session_id
        )
    group by sessions.session_id, sessions.session_started_at, sessions.age
),

judged as (
    select
        *,
        case
            when age > make_interval(months => {{ limits.session_months }}) then 'session'
            when age > make_interval(months => {{ limits.traces_months }}) and not has_no_traces then 'traces'
            when age > make_interval(months => {{ limits.raw_months }}) and not has_no_raw then 'raw'
        end as tier
    from candidates
)

select
    session_id,
    tier,
    file_ids,
    file_bytes,
    {{ 'true' if limits.enabled else 'false' }} as is_let_go_by_run,
    session_started_at,
    '{{ tojson(limits) }}' as limits
from judged
where tier is not null
