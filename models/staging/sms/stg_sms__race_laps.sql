-- materialized, because otherwise each use would unpack the document again
with entries as materialized (
    select * from {{ ref('stg_sms__race_entries') }}
),

listed_entries as (
    select distinct
        file_id,
        event_session_id,
        entry_id
    from entries
    where entry_kind = 'result'
),

laps as (
    select
        *,
        {{ json_int('attributes', 'Lap', 0) }} + 1 as told_number,
        cast(row_number() over (
            partition by file_id, event_session_id, entry_id order by line_number
        ) as integer) as listed_number
    from entries
    where entry_kind = 'lap'
),

repeated as (
    select
        *,
        told_number is null
        or row_number() over (
            partition by file_id, event_session_id, entry_id, told_number order by line_number
        ) > 1 as is_repeated
    from laps
),

-- a lap that does not count has the number of the next one, and then no number is that of a lap
numbered as (
    select
        *,
        case
            when bool_or(is_repeated) over (partition by file_id, event_session_id, entry_id) then listed_number
            else told_number
        end as lap_number,
        {{ json_int('attributes', 'LapTime', 1, 99999999) }} as lap_time_ms
    from repeated
)

select
    numbered.file_id,
    numbered.event_session_id,
    numbered.entry_id,
    numbered.entrant_id,
    numbered.driver_id,
    numbered.line_number,
    numbered.lap_number,
    0 as driver_index,
    numbered.lap_time_ms,
    {{ json_int('numbered.attributes', 'Sector1Time', 1, 99999999) }} as sector_1_ms,
    {{ json_int('numbered.attributes', 'Sector2Time', 1, 99999999) }} as sector_2_ms,
    {{ json_int('numbered.attributes', 'Sector3Time', 1, 99999999) }} as sector_3_ms,
    {{ summed_ms(
        'numbered.lap_time_ms', 'numbered.file_id, numbered.event_session_id, numbered.entry_id', 'numbered.lap_number'
    ) }} as session_time_ms,
    {{ json_int('numbered.attributes', 'RacePosition', 1) }} as position_after_lap,
    {{ to_boolean(json_text('numbered.attributes', 'CountThisLapTimes')) }} as is_valid,
    false as is_formation_lap,
    listed_entries.file_id is not null as is_known_entry
from numbered
left join listed_entries
    on numbered.file_id = listed_entries.file_id
        and numbered.event_session_id = listed_entries.event_session_id
        and numbered.entry_id = listed_entries.entry_id
