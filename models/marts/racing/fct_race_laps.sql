with laps as (
    select * from {{ ref('int_race_laps_deduplicated') }}
),

-- a driver who stands twice in the entry list has one result
race_results as (
    select
        race_id,
        entrant_id
    from {{ ref('int_race_results_deduplicated') }}
    where not is_team
)

select
    laps.race_id,
    laps.entry_id,
    race_results.entrant_id,
    laps.driver_id,
    laps.lap_number,
    laps.driver_index,
    laps.lap_time_ms,
    laps.sector_1_ms,
    laps.sector_2_ms,
    laps.sector_3_ms,
    laps.is_valid,
    laps.is_formation_lap,
    laps.is_known_entry,
    laps.file_id
from laps
left join race_results on laps.race_id = race_results.race_id and laps.entrant_id = race_results.entrant_id
