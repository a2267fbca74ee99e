select
    event_sessions.event_session_id,
    md5(string_agg(
        concat_ws(
            ':',
            event_sessions.file_id,
            event_sessions.file_session_id,
            event_sessions.result_kind,
            event_sessions.is_race,
            inputs.input_hash
        ),
        ',' order by event_sessions.file_id, event_sessions.file_session_id
    )) as input_hash
from {{ ref('int_event_sessions_united') }} as event_sessions
inner join {{ ref('stg_files__result_inputs') }} as inputs on event_sessions.file_id = inputs.file_id
group by event_sessions.event_session_id
