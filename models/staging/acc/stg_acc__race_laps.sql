with document_sessions as (
    select * from {{ ref('stg_acc__document_sessions') }}
),

drivers as (
    select * from {{ ref('stg_acc__race_drivers') }}
),

-- a time that stewards or the server add after the race is in the total, but nobody drove it
added as (
    select
        file_id,
        entry_id,
        sum(penalty_s) as penalty_s,
        bool_or(penalty_s is null) as is_unknown
    from {{ ref('stg_acc__penalties') }}
    where is_in_race_time
    group by file_id, entry_id
),

entries as (
    select distinct
        drivers.file_id,
        drivers.entry_id,
        case
            when not coalesce(added.is_unknown, false)
                then
                    {{ at_least(to_bigint(json_text("drivers.line -> 'timing'", 'totalTime')), 1, 2147483646) }}
                    - cast(1000 * coalesce(added.penalty_s, 0) as bigint)
        end as driven_ms,
        {{ json_int("drivers.line -> 'timing'", 'lapCount', 0) }} as told_laps
    from drivers
    left join added on drivers.file_id = added.file_id and drivers.entry_id = added.entry_id
),

laps as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        coalesce({{ json_id('laps.lap', 'carId') }}, 'unknown') as entry_id,
        cast(laps.line_number as integer) as line_number,
        -- the server's names, otherwise those in a player's own files
        coalesce(
            {{ json_int('laps.lap', 'driverIndex', 0) }}, {{ json_int('laps.lap', 'driverId', 0) }}, 0
        ) as driver_index,
        {{ to_bigint("coalesce(" ~ json_text('laps.lap', 'laptime') ~ ", " ~ json_text('laps.lap', 'lapTime') ~ ")") }}
            as lap_time_ms,
        {{ to_bigint("laps.lap -> 'splits' ->> 0") }} as sector_1_ms,
        {{ to_bigint("laps.lap -> 'splits' ->> 1") }} as sector_2_ms,
        {{ to_bigint("laps.lap -> 'splits' ->> 2") }} as sector_3_ms,
        -- a player's own file has the clock of the session
        {{ at_least(to_bigint(json_text('laps.lap', 'timestampMS')), 1, 2147483646) }} as clock_ms,
        {{ to_boolean(json_text('laps.lap', 'isValidForBest')) }} as is_valid
    from document_sessions
    cross join lateral {{ json_rows("document_sessions.event -> 'laps'") }} with ordinality as laps (lap, line_number)
),

numbered as (
    select
        *,
        cast(row_number() over (partition by file_id, entry_id order by line_number) as integer) as lap_number
    from laps
),

-- 2147483647 is "none"; the first lap holds the formation lap and the wait for the start
timed as (
    select
        numbered.*,
        numbered.lap_number = 1 as is_formation_lap,
        entries.entry_id is not null as is_known_entry,
        entries.driven_ms,
        bool_and(numbered.clock_ms is not null) over (partition by numbered.file_id) as has_clock,
        max(numbered.lap_number) over (partition by numbered.file_id) as file_laps,
        max(numbered.line_number) over (partition by numbered.file_id, numbered.entry_id) as last_line_number,
        bool_and(numbered.lap_number = 1 or coalesce(numbered.lap_time_ms between 1 and 2147483646, false))
            over (partition by numbered.file_id, numbered.entry_id)
        and count(*) over (partition by numbered.file_id, numbered.entry_id) = entries.told_laps as is_whole,
        sum(numbered.lap_time_ms) filter (where numbered.lap_number > 1)
            over (partition by numbered.file_id, numbered.entry_id) as after_first_ms,
        coalesce(sum(numbered.lap_time_ms) over later_laps, 0) as later_ms
    from numbered
    left join entries on numbered.file_id = entries.file_id and numbered.entry_id = entries.entry_id
    window later_laps as (
        partition by numbered.file_id, numbered.entry_id
        order by numbered.lap_number
        rows between 1 following and unbounded following
    )
),

-- The list is in the order in which the cars crossed the line. The server gives no clock, and its first laps hold the
-- formation lap: a car's total less its later laps is when it ended a lap. The total of a car that did not take the
-- flag holds the time after its last lap too.
flagged as (
    select
        *,
        last_line_number >= min(line_number) filter (where lap_number = file_laps) over (partition by file_id)
            as took_the_flag
    from timed
),

clocked as (
    select
        *,
        case
            when has_clock then clock_ms
            when took_the_flag and is_whole and driven_ms > coalesce(after_first_ms, 0) then driven_ms - later_ms
        end as session_time_ms
    from flagged
),

checked as (
    select
        *,
        max(session_time_ms) over (
            partition by file_id order by line_number rows between unbounded preceding and 1 preceding
        ) - session_time_ms as earlier_by_ms
    from clocked
),

-- a list that contradicts the clock is in another order
ordered as (
    select
        *,
        coalesce(max(earlier_by_ms) over (partition by file_id) > 1000, false) as is_in_another_order
    from checked
)

select
    ordered.file_id,
    ordered.event_session_id,
    ordered.entry_id,
    first_places.entrant_id,
    first_places.driver_id,
    ordered.line_number,
    ordered.lap_number,
    ordered.driver_index,
    case
        when ordered.lap_time_ms between 1 and 2147483646 and not ordered.is_formation_lap
            then cast(ordered.lap_time_ms as integer)
    end as lap_time_ms,
    case
        when ordered.sector_1_ms between 1 and 2147483646 and not ordered.is_formation_lap
            then cast(ordered.sector_1_ms as integer)
    end as sector_1_ms,
    case when ordered.sector_2_ms between 1 and 2147483646 then cast(ordered.sector_2_ms as integer) end as sector_2_ms,
    case when ordered.sector_3_ms between 1 and 2147483646 then cast(ordered.sector_3_ms as integer) end as sector_3_ms,
    cast(ordered.session_time_ms as integer) as session_time_ms,
    case when not ordered.is_in_another_order then ordered.line_number end as crossing_number,
    ordered.is_valid,
    ordered.is_formation_lap,
    ordered.is_known_entry
from ordered
left join drivers as first_places
    on ordered.file_id = first_places.file_id
        and ordered.entry_id = first_places.entry_id
        and ordered.driver_index = first_places.driver_index
