with lines as (
    select * from {{ ref('stg_sms__race_entries') }}
    where entry_kind = 'result'
),

states as (
    select * from {{ ref('finish_statuses') }}
    where written_by = 'sms'
),

-- a server that records no events lists no laps
timed_laps as (
    select
        file_id,
        event_session_id,
        entry_id,
        lap_time_ms,
        bool_or(is_valid) as is_valid
    from {{ ref('stg_sms__race_laps') }}
    where lap_time_ms is not null
    group by file_id, event_session_id, entry_id, lap_time_ms
),

judged as (
    select
        lines.*,
        {{ json_text('lines.attributes', 'State') }} as participant_state,
        {{ json_int('lines.attributes', 'RacePosition', 1) }} as told_position,
        {{ json_int('lines.attributes', 'Lap', 0) }} as laps,
        case when lines.is_race then {{ json_int('lines.attributes', 'TotalTime', 1, 99999999) }} end as race_time_ms,
        {{ json_int('lines.attributes', 'FastestLapTime', 1, 99999999) }} as best_lap_ms,
        states.finish_status is not null as is_known_state,
        states.out_reason,
        coalesce(states.is_out, false) as is_out,
        coalesce(states.is_disqualified, false) as is_disqualified
    from lines
    left join states on lower({{ json_text('lines.attributes', 'State') }}) = states.finish_status
),

-- a driver who came back has two lines: the one with laps counts
ordered as (
    select
        *,
        -- who neither drove a lap nor went out of the race was never in it
        is_race and not is_out and coalesce(laps = 0, false) as is_non_starter,
        row_number() over (
            partition by file_id, event_session_id, coalesce(entrant_id, cast(line_number as text))
            order by coalesce(laps, 0) = 0, told_position nulls last, line_number
        ) as entrant_line
    from judged
),

-- who is disqualified keeps the place on the road in the file, and who retired that of his lap
placed as (
    select
        *,
        case
            when is_race
                then
                    cast(
                        row_number() over (
                            partition by file_id, event_session_id
                            order by
                                entrant_line > 1 asc,
                                is_disqualified asc,
                                is_non_starter asc,
                                is_out asc,
                                told_position asc nulls last,
                                laps desc nulls last,
                                race_time_ms asc nulls last,
                                line_number asc
                        ) as integer
                    )
            else told_position
        end as finish_position
    from ordered
)

select
    -- ids
    placed.file_id,
    placed.event_session_id,
    placed.entrant_id,
    placed.driver_id,
    placed.sim || ':' || {{ json_id('placed.attributes', 'VehicleId') }} as car_id,
    -- strings
    placed.driver_name as entrant_name,
    -- the files have numbers in place of names
    {{ json_id('placed.attributes', 'VehicleId') }} as car_name,
    case
        when placed.is_non_starter then 'did not start'
        when not placed.is_known_state then lower(placed.participant_state)
        else placed.out_reason
    end as out_reason,
    case when not placed.is_known_state then placed.participant_state end as unmapped_out_reason,
    -- numerics
    placed.line_number,
    placed.finish_position,
    placed.laps,
    placed.laps as counted_laps,
    placed.race_time_ms,
    placed.best_lap_ms,
    -- booleans
    timed_laps.is_valid as is_best_lap_valid,
    false as is_team,
    placed.is_ai
from placed
left join timed_laps
    on placed.file_id = timed_laps.file_id
        and placed.event_session_id = timed_laps.event_session_id
        and placed.entry_id = timed_laps.entry_id
        and placed.best_lap_ms = timed_laps.lap_time_ms
