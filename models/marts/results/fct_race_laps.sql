with laps as (
    select * from {{ ref('int_race_laps_ranked') }}
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
    laps.session_time_ms,
    laps.position_after_lap,
    laps.position_source,
    laps.gap_to_leader_ms,
    laps.gap_ahead_ms,
    laps.laps_down,
    laps.tyre_compound_front,
    laps.tyre_compound_rear,
    cast(laps.tyre_tread_front_left_fraction as numeric(6, 3)) as tyre_tread_front_left_fraction,
    cast(laps.tyre_tread_front_right_fraction as numeric(6, 3)) as tyre_tread_front_right_fraction,
    cast(laps.tyre_tread_rear_left_fraction as numeric(6, 3)) as tyre_tread_rear_left_fraction,
    cast(laps.tyre_tread_rear_right_fraction as numeric(6, 3)) as tyre_tread_rear_right_fraction,
    cast(laps.fuel_fraction as numeric(6, 3)) as fuel_fraction,
    cast(laps.fuel_used_fraction as numeric(6, 3)) as fuel_used_fraction,
    cast(laps.virtual_energy_fraction as numeric(6, 3)) as virtual_energy_fraction,
    cast(laps.virtual_energy_used_fraction as numeric(6, 3)) as virtual_energy_used_fraction,
    laps.lap_events,
    laps.is_valid,
    laps.is_pit_lap,
    laps.is_formation_lap,
    laps.is_known_entry,
    laps.file_id
from laps
inner join races on laps.race_id = races.race_id
left join race_results on laps.race_id = race_results.race_id and laps.entrant_id = race_results.entrant_id
