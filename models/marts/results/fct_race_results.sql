with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

position_changes as (
    select * from {{ ref('int_race_position_changes') }}
),

-- A car has one place in the finishing order, however many drivers share it. Time behind the winner is meaningful for
-- a car on the winner's lap that ran to the end (ACC does not say how a race ended).
cars as (
    select
        race_id,
        entry_id,
        car_class_id,
        finish_position,
        finish_position_in_class,
        laps_down,
        case when laps_down = 0 and coalesce(out_reason, 'running') = 'running' then interval_ms end as gap_ms
    from race_results
    where entrant_id = entry_id
),

gaps as (
    select
        race_id,
        entry_id,
        laps_down,
        gap_ms as gap_to_winner_ms,
        gap_ms - first_value(gap_ms) over (
            partition by race_id, car_class_id
            order by finish_position_in_class nulls last, finish_position nulls last, entry_id
        ) as gap_to_class_winner_ms,
        gap_ms - lag(gap_ms) over in_order as gap_to_car_ahead_ms,
        laps_down - lag(laps_down) over in_order as laps_behind_car_ahead
    from cars
    window in_order as (partition by race_id order by finish_position nulls last, entry_id)
)

select
    race_results.race_id,
    race_results.entrant_id,
    race_results.driver_id,
    race_results.team_id,
    race_results.entry_id,
    race_results.car_id,
    race_results.car_class_id,
    race_results.entrant_name as driver_name,
    race_results.team_name,
    race_results.car_number,
    race_results.car_name,
    race_results.car_class_name,
    race_results.out_reason,
    {{ license_letter('race_results.license_level_before') }} as license_letter_before,
    {{ license_letter('race_results.license_level_after') }} as license_letter_after,
    -- why the race does not count for the driver's form; null where it counts
    case
        when race_results.is_ai then 'ai'
        when coalesce(races.started_at, races.ended_at) is null and races.subsession_number is null then 'undated'
    end as form_exclusion_reason,
    race_results.finish_position,
    race_results.finish_position_in_class,
    race_results.start_position,
    race_results.start_position_in_class,
    race_results.start_position_source,
    race_results.start_position - race_results.finish_position as places_gained,
    race_results.start_position_in_class - race_results.finish_position_in_class as places_gained_in_class,
    race_results.start_position - position_changes.position_after_first_lap as places_gained_on_first_lap,
    position_changes.places_gained_in_pits,
    position_changes.places_gained_by_retirements,
    position_changes.overtakes_made,
    position_changes.overtakes_lost,
    race_results.laps,
    coalesce(race_results.laps_led, position_changes.laps_led) as laps_led,
    case
        when race_results.laps_led is not null then 'file'
        when position_changes.laps_led is not null then 'laps'
    end as laps_led_source,
    position_changes.leads_taken,
    race_results.race_time_ms,
    gaps.gap_to_winner_ms,
    gaps.gap_to_class_winner_ms,
    gaps.gap_to_car_ahead_ms,
    gaps.laps_down,
    gaps.laps_behind_car_ahead,
    race_results.average_lap_ms,
    race_results.best_lap_ms,
    race_results.best_lap_number,
    race_results.qualifying_lap_ms,
    race_results.incidents,
    races.corners_per_lap * race_results.laps as corners,
    race_results.points,
    race_results.league_points,
    race_results.irating_before,
    race_results.irating_after,
    race_results.irating_change,
    race_results.license_level_before,
    race_results.license_level_after,
    {{ license_class('race_results.license_level_before') }} as license_class_before,
    {{ license_class('race_results.license_level_after') }} as license_class_after,
    cast(race_results.safety_rating_before as numeric(6, 2)) as safety_rating_before,
    cast(race_results.safety_rating_after as numeric(6, 2)) as safety_rating_after,
    race_results.file_class_strength_of_field,
    race_results.is_race_time_implausible,
    race_results.is_starter,
    race_results.did_not_finish,
    race_results.is_ai,
    race_results.file_id
from race_results
inner join races on race_results.race_id = races.race_id
left join gaps on race_results.race_id = gaps.race_id and race_results.entry_id = gaps.entry_id
left join position_changes
    on race_results.race_id = position_changes.race_id
        and race_results.entrant_id = position_changes.entrant_id
        and races.is_over
where not race_results.is_team
