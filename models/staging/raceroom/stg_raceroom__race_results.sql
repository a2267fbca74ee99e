with players as (
    select * from {{ ref('stg_raceroom__race_players') }}
),

laps as (
    select * from {{ ref('stg_raceroom__race_laps') }}
),

statuses as (
    select * from {{ ref('finish_statuses') }}
    where written_by = 'raceroom'
),

-- a lap without a time was not driven to its end
driven as (
    select
        file_id,
        event_session_id,
        entry_id,
        cast(count(lap_time_ms) as integer) as laps
    from laps
    group by file_id, event_session_id, entry_id
),

-- files of old versions list no laps
timed_sessions as (
    select distinct
        file_id,
        event_session_id
    from driven
),

timed_laps as (
    select
        file_id,
        event_session_id,
        entry_id,
        lap_time_ms,
        bool_or(is_valid) as is_valid
    from laps
    where lap_time_ms is not null
    group by file_id, event_session_id, entry_id, lap_time_ms
),

entries as (
    select
        players.*,
        {{ json_int('players.player', 'BestLapTime', 1, 99999999) }} as best_lap_ms,
        -- qualifying may have a best lap and not list it
        case
            when driven.laps > 0 then driven.laps
            when
                timed_sessions.file_id is not null
                and {{ json_int('players.player', 'BestLapTime', 1, 99999999) }} is null
                then 0
        end as laps,
        {{ json_int('players.player', 'Position', 1) }} as finish_position,
        {{ json_int('players.player', 'TotalTime', 1, 999999999) }} as race_time_ms,
        {{ json_text('players.player', 'FinishStatus') }} as finish_status
    from players
    left join timed_sessions
        on players.file_id = timed_sessions.file_id and players.event_session_id = timed_sessions.event_session_id
    left join driven
        on players.file_id = driven.file_id
            and players.event_session_id = driven.event_session_id
            and 'line-' || players.line_number = driven.entry_id
)

select
    -- ids
    entries.file_id,
    entries.event_session_id,
    entries.entrant_id,
    entries.driver_id,
    'raceroom:' || {{ json_id('entries.player', 'CarId') }} as car_id,
    -- strings
    entries.driver_name as entrant_name,
    {{ json_text('entries.player', 'Car') }} as car_name,
    case when statuses.finish_status is null then lower(entries.finish_status) else statuses.out_reason end
        as out_reason,
    case when statuses.finish_status is null then entries.finish_status end as unmapped_out_reason,
    -- numerics
    entries.line_number,
    entries.finish_position,
    -- of the place of who did not come it says nothing that he held it
    case
        when coalesce(statuses.out_reason, '') <> 'did not start'
            then {{ json_int('entries.player', 'StartPosition', 1) }}
    end as start_position,
    entries.laps,
    entries.laps as counted_laps,
    entries.race_time_ms,
    entries.best_lap_ms,
    -- booleans
    timed_laps.is_valid as is_best_lap_valid,
    false as is_team,
    false as is_ai
from entries
left join statuses on lower(entries.finish_status) = statuses.finish_status
left join timed_laps
    on entries.file_id = timed_laps.file_id
        and entries.event_session_id = timed_laps.event_session_id
        and 'line-' || entries.line_number = timed_laps.entry_id
        and entries.best_lap_ms = timed_laps.lap_time_ms
