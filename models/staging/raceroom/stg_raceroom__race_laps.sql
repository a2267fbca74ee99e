with players as (
    select * from {{ ref('stg_raceroom__race_players') }}
),

laps as (
    select
        players.file_id,
        players.event_session_id,
        'line-' || players.line_number as entry_id,
        players.entrant_id,
        players.driver_id,
        cast(laps.lap_number as integer) as line_number,
        cast(laps.lap_number as integer) as lap_number,
        {{ json_int('laps.lap', 'Time', 1, 99999999) }} as lap_time_ms,
        {{ at_least(to_int("laps.lap -> 'SectorTimes' ->> 0"), 1, 99999999) }} as split_1_ms,
        {{ at_least(to_int("laps.lap -> 'SectorTimes' ->> 1"), 1, 99999999) }} as split_2_ms,
        {{ at_least(to_int("laps.lap -> 'SectorTimes' ->> 2"), 1, 99999999) }} as split_3_ms,
        {{ json_int('laps.lap', 'Position', 1) }} as position_after_lap,
        {{ to_boolean(json_text('laps.lap', 'Valid')) }} as is_valid,
        {{ to_boolean(json_text('laps.lap', 'PitStopOccured')) }} as is_pit_lap
    from players
    cross join
        lateral
        {{ json_rows("players.player -> 'RaceSessionLaps'") }} with ordinality as laps (lap, lap_number)
)

-- sector times add up along the lap
select
    file_id,
    event_session_id,
    entry_id,
    entrant_id,
    driver_id,
    line_number,
    lap_number,
    0 as driver_index,
    lap_time_ms,
    split_1_ms as sector_1_ms,
    case when split_2_ms > split_1_ms then split_2_ms - split_1_ms end as sector_2_ms,
    case when split_3_ms > split_2_ms then split_3_ms - split_2_ms end as sector_3_ms,
    {{ summed_ms('lap_time_ms', 'file_id, event_session_id, entry_id') }} as session_time_ms,
    position_after_lap,
    is_valid,
    is_pit_lap,
    false as is_formation_lap,
    true as is_known_entry
from laps
