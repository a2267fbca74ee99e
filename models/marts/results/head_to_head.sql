with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai and is_starter and finish_position_in_class is not null
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

finishes as (
    select
        race_results.race_id,
        race_results.entry_id,
        race_results.driver_id,
        races.license_category_id,
        race_results.car_class_id,
        race_results.finish_position_in_class,
        race_results.irating_before,
        coalesce(not race_results.did_not_finish, false) as is_running,
        races.green_flag_at
    from race_results
    inner join races on race_results.race_id = races.race_id
),

-- team mates share a car and a place, so they do not race each other
pairs as (
    select
        drivers.driver_id,
        opponents.driver_id as opponent_id,
        drivers.license_category_id,
        opponents.finish_position_in_class - drivers.finish_position_in_class as gap_places,
        drivers.irating_before - opponents.irating_before as irating_difference,
        drivers.is_running and opponents.is_running as have_both_finished,
        drivers.green_flag_at
    from finishes as drivers
    inner join finishes as opponents
        on drivers.race_id = opponents.race_id
            and drivers.car_class_id = opponents.car_class_id
            and drivers.entry_id <> opponents.entry_id
            and drivers.driver_id <> opponents.driver_id
)

select
    driver_id,
    opponent_id,
    license_category_id,
    cast(count(*) as integer) as races,
    cast(count(case when gap_places > 0 then 1 end) as integer) as races_ahead,
    cast(count(case when gap_places < 0 then 1 end) as integer) as races_behind,
    cast(count(case when have_both_finished then 1 end) as integer) as both_finished_races,
    cast(count(case when have_both_finished and gap_places > 0 then 1 end) as integer) as both_finished_ahead,
    {{ published('avg(gap_places)') }} as avg_gap_places,
    {{ published('avg(irating_difference)') }} as avg_irating_difference,
    min(green_flag_at) as first_race_at,
    max(green_flag_at) as last_race_at
from pairs
group by driver_id, opponent_id, license_category_id
