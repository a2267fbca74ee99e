with race_results as (
    select * from {{ ref('int_race_results_deduplicated') }}
    where not is_team
),

races as (
    select * from {{ ref('int_races_deduplicated') }}
)

select
    race_results.race_id,
    race_results.entrant_id,
    race_results.driver_id,
    race_results.team_id,
    race_results.entry_id,
    race_results.car_id,
    race_results.car_class_id,
    races.layout_id,
    races.subsession_id,
    races.iracing_session_id,
    races.series_id,
    races.season_id,
    races.league_id,
    races.league_season_id,
    races.license_category_id,
    races.sim,
    race_results.entrant_name as driver_name,
    race_results.team_name,
    race_results.car_number,
    race_results.car_name,
    race_results.car_class_name,
    races.series_name,
    races.league_name,
    races.league_season_name,
    races.event_name,
    races.track_name,
    races.config_name,
    race_results.out_reason,
    -- why the race tells nothing about the driver's form, null where it does
    case
        when race_results.is_ai then 'ai'
        when coalesce(races.started_at, races.ended_at) is null and races.subsession_number is null then 'undated'
    end as form_exclusion_reason,
    races.simsession_number,
    race_results.finish_position,
    race_results.finish_position_in_class,
    race_results.start_position,
    race_results.start_position_in_class,
    race_results.laps,
    race_results.laps_led,
    race_results.race_time_ms,
    race_results.interval_ms,
    race_results.laps_down,
    race_results.average_lap_ms,
    race_results.best_lap_ms,
    race_results.best_lap_number,
    race_results.qualifying_lap_ms,
    race_results.incidents,
    race_results.points,
    race_results.league_points,
    race_results.irating_before,
    race_results.irating_after,
    race_results.license_level_before,
    race_results.license_level_after,
    cast(race_results.safety_rating_before as numeric(6, 2)) as safety_rating_before,
    cast(race_results.safety_rating_after as numeric(6, 2)) as safety_rating_after,
    races.file_strength_of_field,
    races.corners_per_lap,
    race_results.is_ai,
    races.is_official,
    races.is_team_race,
    races.started_at,
    races.ended_at,
    races.green_flag_at,
    races.results_known_at,
    race_results.file_id
from race_results
inner join races on race_results.race_id = races.race_id
