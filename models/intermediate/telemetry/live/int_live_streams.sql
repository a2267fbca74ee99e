{#- A reader who has no key of the pseudonyms sees that somebody drives, and not who. -#}
with streams as (
    select * from {{ ref('stg_live__streams') }}
)

select
    {{ when_read(pseudonymous_key('stream', 'stream')) }} as stream,
    {{ when_read(pseudonymous_key('session', 'session_mark')) }} as session_mark,
    source_format,
    sim,
    {{ when_read(pseudonymous_id('driver_id')) }} as driver_id,
    {{ when_read(pseudonym('driver_name', 'Driver')) }} as driver_name,
    car_id,
    car_name,
    layout_id,
    track_name,
    session_type,
    lap_length_m,
    standing,
    pieces,
    best_lap_time_s,
    numbers_are_ours,
    first_is_lap,
    last_received_at
from streams
