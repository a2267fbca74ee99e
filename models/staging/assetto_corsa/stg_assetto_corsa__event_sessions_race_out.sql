with sessions as (
    select * from {{ ref('stg_assetto_corsa__race_out_sessions') }}
),

counted as (
    select
        file_id,
        event_session_id,
        cast(count(*) as integer) as result_lines
    from {{ ref('stg_assetto_corsa__players_race_out') }}
    group by file_id, event_session_id
)

select
    -- ids
    sessions.file_id,
    sessions.source_format,
    sessions.event_session_id,
    sessions.subsession_id,
    {{ layout_id('assetto_corsa', 'sessions.track_name', 'sessions.config_name') }} as layout_id,
    -- strings
    'assetto_corsa' as sim,
    sessions.session_type,
    sessions.unmapped_session_type,
    sessions.simsession_name,
    sessions.track_name,
    sessions.config_name,
    -- numerics
    sessions.simsession_number,
    coalesce(counted.result_lines, 0) as result_lines,
    -- booleans
    sessions.is_race,
    false as is_official,
    -- timestamps
    sessions.ended_at,
    sessions.modified_at
from sessions
left join counted
    on sessions.file_id = counted.file_id and sessions.event_session_id = counted.event_session_id
