with audit as (
    select * from {{ ref('rating_audit') }}
),

races as (
    select
        race_id,
        entries
    from {{ ref('int_races_as_of_cutoff') }}
),

summed as (
    select
        race_id,
        car_class_id,
        license_category_id,
        class_entries,
        class_starters,
        is_official,
        is_team_race,
        count(*) as rated_drivers,
        count(case when laps = 0 then 1 end) as drivers_without_lap,
        sum(irating_change) as irating_change_sum,
        avg(abs(irating_change_residual)) as residual_mean,
        max(abs(irating_change_residual)) as residual_max,
        avg(case when laps > 0 then abs(irating_change_residual) end) as residual_mean_with_laps
    from audit
    group by race_id, car_class_id, license_category_id, class_entries, class_starters, is_official, is_team_race
)

select
    summed.race_id,
    summed.car_class_id,
    summed.license_category_id,
    summed.class_entries,
    summed.class_starters,
    cast(summed.rated_drivers as integer) as rated_drivers,
    cast(summed.drivers_without_lap as integer) as drivers_without_lap,
    cast(summed.irating_change_sum as integer) as irating_change_sum,
    {{ published('summed.residual_mean') }} as mean_absolute_residual,
    {{ published('summed.residual_mean_with_laps') }} as mean_absolute_residual_with_laps,
    {{ published('summed.residual_max') }} as max_absolute_residual,
    summed.is_official,
    summed.is_team_race,
    races.entries >= {{ var('whole_field_entries') }} as is_whole_field
from summed
inner join races on summed.race_id = races.race_id
