with event_sessions as (
    select * from {{ ref('int_event_sessions_united') }}
),

-- materialized, so that PostgreSQL does not make a join of it below
winners as materialized (
    select
        file_id,
        event_session_id
    from {{ ref('int_event_session_files') }}
    where is_winner
)

-- not a join: PostgreSQL would expect one session from it, and read the results of all races for each session
select event_sessions.*
from event_sessions
where
    exists (
        select 1 from winners
        where
            winners.file_id = event_sessions.file_id
            and winners.event_session_id = event_sessions.event_session_id
    )
