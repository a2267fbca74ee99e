with drivers as (
    select * from {{ ref('stg_acc__race_drivers') }}
),

laps as (
    select * from {{ ref('stg_acc__race_laps') }}
),

-- which driver drove which laps in a shared car; a best lap is one that counts, as the car's is
driver_laps as (
    select
        file_id,
        entry_id,
        entrant_id,
        cast(count(*) as integer) as laps,
        min(case when is_valid is not false then lap_time_ms end) as best_lap_ms
    from laps
    where entrant_id is not null
    group by file_id, entry_id, entrant_id
),

timed_laps as (
    select
        file_id,
        entry_id,
        lap_time_ms,
        bool_or(is_valid) as is_valid
    from laps
    where lap_time_ms is not null
    group by file_id, entry_id, lap_time_ms
),

timed_files as (
    select distinct file_id
    from laps
),

crews as (
    select
        file_id,
        entry_id,
        count(distinct entrant_id) as drivers
    from drivers
    group by file_id, entry_id
),

entries as (
    select
        drivers.*,
        crews.drivers > 1 as is_shared,
        {{ at_least(json_int("drivers.line -> 'timing'", 'lapCount'), 0) }} as car_laps,
        {{ at_least(to_bigint(json_text("drivers.line -> 'timing'", 'totalTime')), 0, 2147483646) }} as car_time_ms,
        {{ at_least(to_bigint(json_text("drivers.line -> 'timing'", 'bestLap')), 1, 2147483646) }} as car_best_lap_ms
    from drivers
    inner join crews on drivers.file_id = crews.file_id and drivers.entry_id = crews.entry_id
),

-- every driver of every line, even one who is in two of them; and a line for a shared car
lines as (
    select
        entries.*,
        false as is_team
    from entries
    union all
    select
        entries.*,
        true as is_team
    from entries
    where entries.driver_index = 0 and entries.is_shared
),

renamed as (
    select
        -- ids
        lines.file_id,
        lines.event_session_id,
        lines.entry_id,
        case
            when lines.is_team then {{ pseudonymous_id("'team:' || lines.entry_id") }} else lines.entrant_id
        end as entrant_id,
        case when not lines.is_team then lines.driver_id end as driver_id,
        case when lines.is_shared then {{ pseudonymous_key('team', 'lines.entry_id') }} end as team_id,
        'acc:' || {{ json_id('lines.car', 'carModel') }} as car_id,
        'acc:' || {{ json_id('lines.car', 'carGroup') }} as car_class_id,
        -- strings
        case
            when lines.is_team then {{ pseudonym(json_text('lines.car', 'teamName'), 'Team') }} else lines.driver_name
        end as entrant_name,
        {{ pseudonym(json_text('lines.car', 'teamName'), 'Team') }} as team_name,
        {{ json_id('lines.car', 'raceNumber') }} as car_number,
        {{ json_id('lines.car', 'carGroup') }} as car_class_name,
        -- numerics
        1000 * lines.finish_position
        + case when lines.is_team then 0 else coalesce(lines.driver_index, 0) + 1 end as line_number,
        lines.finish_position,
        case
            when lines.is_team or not lines.is_shared then lines.car_laps
            when timed_files.file_id is not null then coalesce(driver_laps.laps, 0)
        end as laps,
        lines.car_laps as counted_laps,
        case when lines.car_time_ms > 0 then cast(lines.car_time_ms as integer) end as race_time_ms,
        case
            when lines.is_shared and not lines.is_team then driver_laps.best_lap_ms
            else cast(lines.car_best_lap_ms as integer)
        end as best_lap_ms,
        -- booleans
        lines.is_team,
        lines.is_team as is_derived,
        lines.is_ai
    from lines
    left join driver_laps
        on lines.file_id = driver_laps.file_id
            and lines.entry_id = driver_laps.entry_id
            and lines.entrant_id = driver_laps.entrant_id
            and not lines.is_team
    left join timed_files on lines.file_id = timed_files.file_id
)

select
    renamed.*,
    timed_laps.is_valid as is_best_lap_valid
from renamed
left join timed_laps
    on renamed.file_id = timed_laps.file_id
        and renamed.entry_id = timed_laps.entry_id
        and renamed.best_lap_ms = timed_laps.lap_time_ms
