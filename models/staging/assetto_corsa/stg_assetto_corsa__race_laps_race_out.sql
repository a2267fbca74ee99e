with sessions as (
    select * from {{ ref('stg_assetto_corsa__race_out_sessions') }}
),

players as (
    select * from {{ ref('stg_assetto_corsa__players_race_out') }}
),

listed as (
    select
        sessions.file_id,
        sessions.event_session_id,
        laps.lap,
        cast(laps.line_number as integer) as line_number,
        {{ json_int('laps.lap', 'car', 0) }} as car_number
    from sessions
    cross join lateral {{ json_rows("sessions.session -> 'laps'") }} with ordinality as laps (lap, line_number)
)

select
    listed.file_id,
    listed.event_session_id,
    coalesce(cast(listed.car_number as text), 'unknown') as entry_id,
    players.entrant_id,
    players.driver_id,
    listed.line_number,
    cast(
        row_number() over (
            partition by listed.file_id, listed.event_session_id, listed.car_number
            order by {{ json_int('listed.lap', 'lap', 0) }} nulls last, listed.line_number
        ) as integer
    ) as lap_number,
    listed.car_number,
    0 as driver_index,
    {{ json_int('listed.lap', 'time', 1, 99999999) }} as lap_time_ms,
    {{ at_least(to_int("listed.lap -> 'sectors' ->> 0"), 1, 99999999) }} as sector_1_ms,
    {{ at_least(to_int("listed.lap -> 'sectors' ->> 1"), 1, 99999999) }} as sector_2_ms,
    {{ at_least(to_int("listed.lap -> 'sectors' ->> 2"), 1, 99999999) }} as sector_3_ms,
    -- old files count no cuts
    {{ json_int('listed.lap', 'cuts', 0) }} = 0 as is_valid,
    false as is_formation_lap,
    players.file_id is not null as is_known_entry
from listed
left join players
    on listed.file_id = players.file_id
        and listed.event_session_id = players.event_session_id
        and listed.car_number = players.car_number
