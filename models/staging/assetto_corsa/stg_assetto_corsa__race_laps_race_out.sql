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
        {{ json_int('laps.lap', 'car', 0) }} as car_number,
        {{ json_int('laps.lap', 'lap', 0) }} as told_number,
        {{ json_int('laps.lap', 'time', 1, 99999999) }} as lap_time_ms,
        {{ at_least(to_int("laps.lap -> 'sectors' ->> 0"), 1, 99999999) }} as sector_1_ms,
        {{ at_least(to_int("laps.lap -> 'sectors' ->> 1"), 1, 99999999) }} as sector_2_ms,
        {{ at_least(to_int("laps.lap -> 'sectors' ->> 2"), 1, 99999999) }} as sector_3_ms
    from sessions
    cross join lateral {{ json_rows("sessions.session -> 'laps'") }} with ordinality as laps (lap, line_number)
),

-- a lap with a cut has no time, but its sectors have; where a lap is missing, nothing says when the later ones ended
numbered as (
    select
        *,
        cast(
            row_number() over (
                partition by file_id, event_session_id, car_number order by told_number nulls last, line_number
            ) as integer
        ) as lap_number,
        coalesce(
            lap_time_ms,
            case {{ json_length("lap -> 'sectors'") }}
                when 2 then sector_1_ms + sector_2_ms
                when 3 then sector_1_ms + sector_2_ms + sector_3_ms
            end
        ) as driven_ms
    from listed
),

clocked as (
    select
        *,
        {{ summed_ms(
            'case when told_number = lap_number - 1 then driven_ms end', 'file_id, event_session_id, car_number'
        ) }} as session_time_ms
    from numbered
)

select
    clocked.file_id,
    clocked.event_session_id,
    coalesce(cast(clocked.car_number as text), 'unknown') as entry_id,
    players.entrant_id,
    players.driver_id,
    clocked.line_number,
    clocked.lap_number,
    clocked.car_number,
    0 as driver_index,
    clocked.lap_time_ms,
    clocked.sector_1_ms,
    clocked.sector_2_ms,
    clocked.sector_3_ms,
    clocked.session_time_ms,
    {{ json_text('clocked.lap', 'tyre') }} as tyre_compound_front,
    {{ json_text('clocked.lap', 'tyre') }} as tyre_compound_rear,
    -- old files count no cuts
    {{ json_int('clocked.lap', 'cuts', 0) }} = 0 as is_valid,
    false as is_formation_lap,
    players.file_id is not null as is_known_entry
from clocked
left join players
    on clocked.file_id = players.file_id
        and clocked.event_session_id = players.event_session_id
        and clocked.car_number = players.car_number
