with laps as (
    select * from {{ ref('int_race_laps_deduplicated') }}
),

-- a driver who is in the entry list twice has one result
race_results as (
    select
        race_id,
        entrant_id,
        driver_id
    from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where is_over
)

select
    laps.race_id,
    laps.entry_id,
    race_results.entrant_id,
    race_results.driver_id,
    laps.lap_number,
    laps.driver_index,
    laps.lap_time_ms,
    laps.sector_1_ms,
    laps.sector_2_ms,
    laps.sector_3_ms,
    laps.position_after_lap,
    laps.gap_to_leader_ms,
    laps.laps_down,
    laps.lap_events,
    laps.is_valid,
    laps.is_pit_lap,
    laps.is_formation_lap,
    laps.is_known_entry,
    laps.file_id
from laps
inner join races on laps.race_id = races.race_id
left join race_results on laps.race_id = race_results.race_id and laps.entrant_id = race_results.entrant_id
