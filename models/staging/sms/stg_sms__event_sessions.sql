with document_sessions as (
    select * from {{ ref('stg_sms__document_sessions') }}
)

select
    -- ids
    file_id,
    source_format,
    event_session_id,
    subsession_id,
    sim || {{ layout_id('', 'track_id', 'null') }} as layout_id,
    track_id,
    -- strings
    sim,
    session_type,
    unmapped_session_type,
    server_name as event_name,
    simsession_name,
    -- the files have numbers in place of names
    track_id as track_name,
    -- numerics
    simsession_number,
    coalesce({{ json_length("stage -> 'results'") }}, 0) as result_lines,
    -- booleans
    is_race,
    false as is_official,
    -- timestamps
    started_at,
    ended_at,
    modified_at
from document_sessions
