{{ config(materialized='table') }}

with laps as (
    select * from {{ ref('stg_iracing__race_laps') }}
),

races as (
    select
        file_id,
        event_session_id
    from {{ ref('int_event_session_files') }}
    where is_winner and is_race
),

results as (
    select
        results.event_session_id,
        results.driver_id,
        min(results.best_lap_ms) as best_lap_ms,
        min(results.best_lap_number) as best_lap_number
    from {{ ref('int_race_results_united') }} as results
    inner join races
        on results.file_id = races.file_id and results.event_session_id = races.event_session_id
    where not results.is_team and results.driver_id like 'iracing:%'
    group by results.event_session_id, results.driver_id
),

-- Programs save the rows of a session without its index. They are those of a race in which each of their drivers, two
-- or more, had this best time in this lap. `materialized`: PostgreSQL does not know how many laps a document holds, and
-- would look for the race anew for each lap.
bests as (
    select
        file_id,
        driver_id,
        lap_time_ms,
        lap_number,
        row_number() over (partition by file_id, driver_id order by lap_time_ms, lap_number, line_number) as time_rank
    from laps
    where event_session_id is null and lap_time_ms is not null and driver_id is not null
),

drivers as materialized (
    select
        bests.file_id,
        bests.driver_id,
        results.event_session_id,
        count(*) over (partition by bests.file_id, results.event_session_id) as drivers_of_race
    from bests
    inner join results
        on bests.driver_id = results.driver_id
            and bests.lap_number = results.best_lap_number
            and abs(bests.lap_time_ms - results.best_lap_ms) <= 1
    where bests.time_rank = 1
),

timed as materialized (
    select
        file_id,
        count(distinct driver_id) as timed_drivers
    from bests
    group by file_id
),

recognised as materialized (
    select
        drivers.file_id,
        min(drivers.event_session_id) as event_session_id
    from drivers
    inner join timed on drivers.file_id = timed.file_id and drivers.drivers_of_race = timed.timed_drivers
    where timed.timed_drivers >= 2
    group by drivers.file_id
    having count(distinct drivers.event_session_id) = 1
),

known as (
    select
        laps.*,
        coalesce(laps.event_session_id, recognised.event_session_id) as known_session_id,
        case
            when laps.driver_id is null then 'no_entrant'
            when laps.lap_number is null then 'no_lap_number'
        end as refused_reason
    from laps
    left join recognised on laps.file_id = recognised.file_id
),

-- a chart has the position after the lap, which lap data has not; laps of a car are in any number of files
ranked as (
    select
        known.*,
        races.event_session_id is not null as has_race,
        results.driver_id is not null as is_known_entry,
        row_number() over (
            partition by known.known_session_id, known.entry_id, known.lap_number, known.refused_reason is null
            order by
                known.position_after_lap is null asc, known.modified_at desc nulls last, known.file_id asc,
                known.line_number asc
        ) as lap_rank
    from known
    left join (select distinct event_session_id from races) as races
        on known.known_session_id = races.event_session_id
    left join results
        on known.known_session_id = results.event_session_id and known.driver_id = results.driver_id
)

select
    file_id,
    known_session_id as event_session_id,
    entry_id,
    entrant_id,
    driver_id,
    driver_name,
    lap_events,
    case
        when refused_reason is not null then 'refused'
        -- lap 0 is the start
        when lap_number = 0 or not has_race then 'set_aside'
        when lap_rank > 1 then 'superseded'
        else 'loaded'
    end as state,
    refused_reason,
    case
        when has_race or is_of_race = false then null
        when known_session_id is null then 'laps, which wait for the index that names their session'
        else 'laps, which wait for the results of their race'
    end as waits_for,
    line_number,
    lap_number,
    driver_index,
    lap_time_ms,
    session_time_ms,
    position_after_lap,
    gap_to_leader_ms,
    laps_down,
    is_valid,
    is_pit_lap,
    is_formation_lap,
    is_known_entry
from ranked
