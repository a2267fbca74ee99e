with document_sessions as (
    select * from {{ ref('stg_acc__document_sessions') }}
)

select
    -- ids
    file_id,
    source_format,
    event_session_id,
    subsession_id,
    {{ layout_id('acc', 'track_name', 'cast(null as text)') }} as layout_id,
    -- strings
    'acc' as sim,
    session_type,
    unmapped_session_type,
    server_name as event_name,
    simsession_name,
    track_name,
    -- numerics
    case when is_race then 0 end as simsession_number,
    (
        select cast(coalesce(sum(greatest({{ json_length("results.line -> 'car' -> 'drivers'") }}, 1)), 0) as integer)
        from {{ json_rows("result -> 'leaderBoardLines'") }} as results (line)
    ) as result_lines,
    -- booleans
    is_race,
    false as is_official,
    is_wet,
    -- timestamps
    ended_at,
    modified_at
from document_sessions
