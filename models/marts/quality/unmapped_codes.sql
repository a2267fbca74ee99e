{{ config(materialized='view') }}

with event_sessions as (
    select * from {{ ref('int_event_sessions_united') }}
),

race_results as (
    select * from {{ ref('int_race_results_united') }}
),

penalties as (
    select * from {{ ref('int_penalties_united') }}
),

codes as (
    select
        sim,
        'penalty_kind' as code_type,
        sim_kind as code,
        file_id,
        modified_at
    from penalties
    where kind is null and sim_kind is not null
    union all
    select
        sim,
        'penalty_reason' as code_type,
        sim_reason as code,
        file_id,
        modified_at
    from penalties
    where reason is null and sim_reason is not null
    union all
    select
        sim,
        'session_type' as code_type,
        unmapped_session_type as code,
        file_id,
        modified_at
    from event_sessions
    where unmapped_session_type is not null
    union all
    select
        event_sessions.sim,
        'out_reason' as code_type,
        race_results.unmapped_out_reason as code,
        race_results.file_id,
        event_sessions.modified_at
    from race_results
    inner join event_sessions
        on race_results.file_id = event_sessions.file_id
            and race_results.event_session_id = event_sessions.event_session_id
    where race_results.unmapped_out_reason is not null and not race_results.is_derived
)

select
    sim,
    code_type,
    code,
    cast(count(*) as integer) as code_rows,
    cast(count(distinct file_id) as integer) as files,
    min(modified_at) as oldest_file_at,
    max(modified_at) as newest_file_at,
    min(file_id) as example_file_id
from codes
group by sim, code_type, code
