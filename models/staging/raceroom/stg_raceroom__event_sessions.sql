with document_sessions as (
    select * from {{ ref('stg_raceroom__document_sessions') }}
)

select
    -- ids
    file_id,
    source_format,
    event_session_id,
    subsession_id,
    {{ layout_id('raceroom', 'track_name', 'config_name') }} as layout_id,
    -- strings
    'raceroom' as sim,
    session_type,
    unmapped_session_type,
    server_name as event_name,
    simsession_name,
    track_name,
    config_name,
    -- numerics
    simsession_number,
    coalesce({{ json_length("session -> 'Players'") }}, 0) as result_lines,
    -- booleans
    is_race,
    false as is_official,
    -- timestamps
    started_at,
    ended_at,
    modified_at
from document_sessions
