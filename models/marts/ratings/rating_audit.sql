with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai and irating_before is not null
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where is_over
),

entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

audited as (
    select
        race_results.race_id,
        race_results.entrant_id,
        race_results.driver_id,
        races.license_category_id,
        entries.car_class_id,
        entries.class_entries,
        race_results.finish_position_in_class,
        race_results.laps,
        entries.class_rated_entries - entries.expected_finish_in_class as expected_score,
        entries.expected_finish_in_class,
        race_results.irating_change,
        race_results.is_starter,
        races.is_official,
        races.is_team_race
    from race_results
    inner join races on race_results.race_id = races.race_id
    inner join entries
        on race_results.race_id = entries.race_id and race_results.entry_id = entries.entry_id
),

counted as (
    select
        *,
        sum(case when is_starter then 1 else 0 end) over (partition by race_id, car_class_id) as class_starters
    from audited
),

started as (
    select
        *,
        case
            when is_starter
                then (
                    class_entries - finish_position_in_class - expected_score
                    - ((class_entries - (class_entries - class_starters) / 2.0) / 2 - finish_position_in_class) / 100
                ) * 200 / class_starters
        end as starter_change
    from counted
),

-- drivers who did not start pay for the points of the others, the more the better they were expected to finish
estimated as (
    select
        *,
        case
            -- an unofficial race moves no rating
            when not is_official then 0
            -- it is unknown how a team's change is shared among its drivers
            when is_official is null or is_team_race then null
            when is_starter then starter_change
            else
                -sum(starter_change) over (partition by race_id, car_class_id) * expected_score
                / nullif(
                    sum(case when not is_starter then expected_score end) over (partition by race_id, car_class_id), 0
                )
        end as irating_change_estimate
    from started
)

select
    race_id,
    entrant_id,
    driver_id,
    license_category_id,
    car_class_id,
    class_entries,
    cast(class_starters as integer) as class_starters,
    finish_position_in_class,
    laps,
    {{ published('expected_score') }} as expected_score,
    expected_finish_in_class,
    {{ published('finish_position_in_class - expected_finish_in_class') }} as finish_minus_expected,
    {{ published('irating_change_estimate') }} as estimated_irating_change,
    irating_change,
    {{ published('irating_change - irating_change_estimate') }} as irating_change_residual,
    is_starter,
    is_official,
    is_team_race
from estimated
