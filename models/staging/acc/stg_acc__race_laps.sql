with document_sessions as (
    select * from {{ ref('stg_acc__document_sessions') }}
),

drivers as (
    select * from {{ ref('stg_acc__race_drivers') }}
),

entries as (
    select distinct
        file_id,
        entry_id
    from drivers
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
        entries.entry_id is not null as is_known_entry
    from numbered
    left join entries on numbered.file_id = entries.file_id and numbered.entry_id = entries.entry_id
)

select
    timed.file_id,
    timed.event_session_id,
    timed.entry_id,
    first_places.entrant_id,
    first_places.driver_id,
    timed.line_number,
    timed.lap_number,
    timed.driver_index,
    case
        when timed.lap_time_ms between 1 and 2147483646 and not timed.is_formation_lap
            then cast(timed.lap_time_ms as integer)
    end as lap_time_ms,
    case
        when timed.sector_1_ms between 1 and 2147483646 and not timed.is_formation_lap
            then cast(timed.sector_1_ms as integer)
    end as sector_1_ms,
    case when timed.sector_2_ms between 1 and 2147483646 then cast(timed.sector_2_ms as integer) end as sector_2_ms,
    case when timed.sector_3_ms between 1 and 2147483646 then cast(timed.sector_3_ms as integer) end as sector_3_ms,
    timed.is_valid,
    timed.is_formation_lap,
    timed.is_known_entry
from timed
left join drivers as first_places
    on timed.file_id = first_places.file_id
        and timed.entry_id = first_places.entry_id
        and timed.driver_index = first_places.driver_index
