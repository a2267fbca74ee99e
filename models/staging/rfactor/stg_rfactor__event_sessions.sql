with document_sessions as (
    select * from {{ ref('stg_rfactor__document_sessions') }}
)

select
    -- ids
    file_id,
    source_format,
    event_session_id,
    subsession_id,
    sim || {{ layout_id('', 'track_name', 'config_name') }} as layout_id,
    -- strings
    sim,
    session_type,
    unmapped_session_type,
    server_name as event_name,
    simsession_name,
    track_name,
    config_name,
    -- numerics
    simsession_number,
    (
        select cast(coalesce(sum(greatest(crews.drivers, 1)), 0) as integer)
        from {{ xml_children('session', 'Driver') }} as cars
        cross join lateral (
            select count(distinct {{ blank_to_null(short_text(xml_text('swaps.child'))) }}) as drivers
            from {{ xml_children('cars.child', 'Swap') }} as swaps
        ) as crews
    ) as result_lines,
    -- booleans
    is_race,
    false as is_official,
    -- timestamps
    started_at,
    modified_at
from document_sessions
