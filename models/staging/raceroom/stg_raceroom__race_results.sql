with players as (
    select * from {{ ref('stg_raceroom__race_players') }}
),

-- a lap without a time was not driven to its end
driven as (
    select
        file_id,
        race_id,
        entry_id,
        cast(count(lap_time_ms) as integer) as laps
    from {{ ref('stg_raceroom__race_laps') }}
    group by file_id, race_id, entry_id
),

-- files of old versions list no laps
timed_races as (
    select distinct
        file_id,
        race_id
    from driven
),

entries as (
    select
        players.*,
        case when timed_races.file_id is not null then coalesce(driven.laps, 0) end as laps,
        {{ json_int('players.player', 'Position', 1) }} as finish_position,
        {{ json_int('players.player', 'TotalTime', 1, 999999999) }} as race_time_ms,
        lower({{ json_text('players.player', 'FinishStatus') }}) as finish_status
    from players
    left join timed_races on players.file_id = timed_races.file_id and players.race_id = timed_races.race_id
    left join driven
        on players.file_id = driven.file_id
            and players.race_id = driven.race_id
            and 'line-' || players.line_number = driven.entry_id
),

winners as (
    select
        file_id,
        race_id,
        min(laps) as winner_laps,
        min(race_time_ms) as winner_time_ms
    from entries
    where finish_position = 1
    group by file_id, race_id
)

select
    -- ids
    entries.file_id,
    entries.race_id,
    entries.entrant_id,
    entries.driver_id,
    'raceroom:' || {{ json_id('entries.player', 'CarId') }} as car_id,
    -- strings
    entries.driver_name as entrant_name,
    {{ json_text('entries.player', 'Car') }} as car_name,
    case
        when entries.finish_status = 'finished' then 'running'
        when entries.finish_status = 'didnotfinish' then 'did not finish'
        when entries.finish_status = 'didnotstart' then 'did not start'
        when entries.finish_status = 'disqualified' then 'disqualified'
        -- a word that nobody has seen yet; the document keeps it
        when entries.finish_status is not null then 'other'
    end as out_reason,
    -- numerics
    entries.line_number,
    entries.finish_position,
    {{ json_int('entries.player', 'StartPosition', 1) }} as start_position,
    entries.laps,
    entries.race_time_ms,
    case
        when
            coalesce(entries.laps = winners.winner_laps, true)
            and entries.race_time_ms >= winners.winner_time_ms
            then entries.race_time_ms - winners.winner_time_ms
    end as interval_ms,
    case
        when winners.winner_laps is not null and entries.laps is not null
            then greatest(winners.winner_laps - entries.laps, 0)
    end as laps_down,
    {{ json_int('entries.player', 'BestLapTime', 1, 99999999) }} as best_lap_ms,
    -- booleans
    false as is_team,
    false as is_ai
from entries
left join winners on entries.file_id = winners.file_id and entries.race_id = winners.race_id
