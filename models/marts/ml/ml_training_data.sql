with race_results as (
    select * from {{ ref('fct_race_results') }}
    where sim = 'iracing' and simsession_number = 0 and not is_ai
),

form as (
    select * from {{ ref('driver_race_form') }}
),

entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

fields as (
    select * from {{ ref('race_fields') }}
)

select
    race_results.subsession_id,
    {{ dbt.replace('race_results.driver_id', "'iracing:'", "''") }} as cust_id,
    race_results.race_id,
    race_results.driver_id,
    race_results.layout_id,
    race_results.car_id,
    race_results.car_class_id,
    race_results.license_category_id,
    race_results.series_name,
    -- known at the green flag
    race_results.start_position,
    race_results.start_position_in_class,
    race_results.qualifying_lap_ms,
    race_results.irating_before,
    race_results.license_level_before,
    race_results.safety_rating_before,
    race_results.corners_per_lap,
    fields.entries as field_size,
    entries.class_entries as class_field_size,
    fields.strength_of_field,
    entries.class_strength_of_field,
    entries.opponents_irating_mean,
    entries.opponents_irating_max,
    entries.opponents_irating_min,
    entries.opponents_irating_spread,
    cast(entries.entry_irating - entries.opponents_irating_mean as numeric(18, 6)) as irating_gap_to_opponents,
    entries.rank_by_irating,
    entries.expected_finish_in_class,
    form.driver_race_number,
    form.races_in_window,
    form.avg_finish_recent,
    form.avg_finish_in_class_recent,
    form.avg_finish_percent_recent,
    form.avg_incidents_recent,
    form.incidents_per_100_corners_recent,
    form.podium_rate_recent,
    form.top5_rate_recent,
    form.dnf_rate_recent,
    form.avg_places_gained_recent,
    form.avg_irating_change_recent,
    form.irating_slope_recent,
    form.safety_rating_slope_recent,
    form.avg_finish_minus_expected_recent,
    form.days_since_last_race,
    race_results.is_official,
    race_results.is_team_race,
    race_results.green_flag_at as feature_cutoff_at,
    -- known only afterwards
    race_results.finish_position as target_finish_position,
    race_results.finish_position_in_class as target_finish_position_in_class,
    race_results.start_position_in_class - race_results.finish_position_in_class as target_places_gained,
    race_results.laps as target_laps,
    race_results.incidents as target_incidents,
    race_results.best_lap_ms as target_best_lap_ms,
    race_results.irating_after - race_results.irating_before as target_irating_change,
    race_results.out_reason <> 'running' as target_is_dnf,
    race_results.finish_position_in_class <= 3 as target_is_podium
from race_results
left join form on race_results.race_id = form.race_id and race_results.entrant_id = form.entrant_id
left join entries on race_results.race_id = entries.race_id and race_results.entry_id = entries.entry_id
left join fields on race_results.race_id = fields.race_id
