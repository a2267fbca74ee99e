with lines as (
    select * from {{ ref('stg_assetto_corsa__server_lines') }}
),

laps as (
    select * from {{ ref('stg_assetto_corsa__race_laps_server') }}
),

driven as (
    select
        file_id,
        car_place,
        entrant_id,
        cast(count(*) as integer) as laps
    from laps
    group by file_id, car_place, entrant_id
),

timed_laps as (
    select
        file_id,
        car_place,
        entrant_id,
        lap_time_ms,
        bool_or(is_valid) as is_valid
    from laps
    where lap_time_ms is not null
    group by file_id, car_place, entrant_id, lap_time_ms
),

entries as (
    select
        lines.*,
        {{ json_int('lines.line', 'TotalTime', 0, 99999999) }} as total_time_ms,
        {{ to_boolean(json_text('lines.line', 'HasPenalty')) }} as has_penalty,
        {{ at_least(
            to_bigint(json_text('lines.line', 'PenaltyTime')), 0, 99999999000000
        ) }} / 1000000 as penalty_ms,
        {{ json_int('lines.line', 'LapPenalty', 0) }} as penalty_laps,
        {{ json_int('lines.line', 'BestLap', 1, 99999999) }} as best_lap_ms,
        driven.laps as listed_laps
    from lines
    left join driven
        on lines.file_id = driven.file_id
            and lines.car_place = driven.car_place
            and lines.entrant_id = driven.entrant_id
),

timed as (
    select
        *,
        -- the file lists every whole lap, so who has neither a lap nor a time drove none
        coalesce(listed_laps, case when total_time_ms = 0 then 0 end) as laps,
        -- outside of a race the time is that spent in the session
        case
            when total_time_ms = 0 or not is_race then null
            when has_penalty then cast(total_time_ms + penalty_ms as integer)
            else total_time_ms
        end as race_time_ms
    from entries
),

-- a driver who came back in another car has two lines: the one with laps counts
ordered as (
    select
        *,
        laps - case when has_penalty then coalesce(penalty_laps, 0) else 0 end as counted_laps,
        row_number() over (
            partition by file_id, coalesce(entrant_id, cast(line_number as text))
            order by coalesce(laps, 0) = 0, line_number
        ) as entrant_line
    from timed
),

placed as (
    select
        *,
        cast(
            row_number() over (partition by file_id order by entrant_line > 1, line_number) as integer
        ) as finish_position
    from ordered
)

select
    -- ids
    placed.file_id,
    placed.event_session_id,
    placed.entrant_id,
    placed.driver_id,
    'assetto_corsa:' || {{ json_text('placed.line', 'CarModel') }} as car_id,
    -- strings
    placed.driver_name as entrant_name,
    {{ json_text('placed.line', 'CarModel') }} as car_name,
    -- the sim does not say who saw the flag
    case
        when {{ to_boolean(json_text('placed.line', 'Disqualified')) }} then 'disqualified'
        when placed.laps = 0 and placed.is_race then 'did not start'
    end as out_reason,
    -- numerics
    placed.line_number,
    placed.finish_position,
    placed.laps,
    placed.counted_laps,
    placed.race_time_ms,
    placed.best_lap_ms,
    -- booleans
    timed_laps.is_valid as is_best_lap_valid,
    false as is_team,
    false as is_ai
from placed
left join timed_laps
    on placed.file_id = timed_laps.file_id
        and placed.car_place = timed_laps.car_place
        and placed.entrant_id = timed_laps.entrant_id
        and placed.best_lap_ms = timed_laps.lap_time_ms
