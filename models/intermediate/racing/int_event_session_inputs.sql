-- what a log tells of its sessions, from which a struck driver goes with the build of that table
with logs as (
    select
        told.file_id,
        md5(string_agg(cast(told as text), ';' order by cast(told as text))) as rows_hash
    from {{ ref('stg_iracing__event_sessions_log') }} as told
    group by told.file_id
)

select
    event_sessions.event_session_id,
    md5(string_agg(
        concat_ws(
            ':',
            event_sessions.file_id,
            event_sessions.file_session_id,
            event_sessions.result_kind,
            event_sessions.is_race,
            inputs.input_hash,
            logs.rows_hash
        ),
        ',' order by event_sessions.file_id, event_sessions.file_session_id
    )) as input_hash
from {{ ref('int_event_sessions_united') }} as event_sessions
inner join {{ ref('stg_files__result_inputs') }} as inputs on event_sessions.file_id = inputs.file_id
left join logs on event_sessions.file_id = logs.file_id
group by event_sessions.event_session_id
