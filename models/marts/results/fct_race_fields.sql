with races as (
    select * from {{ ref('dim_races') }}
),

entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

race_results as (
    select * from {{ ref('fct_race_results') }}
),

-- a driver's own laps and incidents add up to the team's, but a car starts and retires once
entry_outcomes as (
    select
        race_id,
        entry_id,
        max(car_class_name) as car_class_name,
        max(file_class_strength_of_field) as file_class_strength_of_field,
        sum(incidents) as incidents,
        sum(case when incidents is not null then corners end) as corners,
        bool_or(is_starter) as is_starter,
        bool_or(did_not_finish) as did_not_finish
    from race_results
    group by race_id, entry_id
),

fields as (
    select
        entries.race_id,
        entries.car_class_id,
        max(outcomes.car_class_name) as car_class_name,
        cast(count(*) as integer) as entries,
        cast(count(case when outcomes.is_starter then 1 end) as integer) as starters,
        cast(count(entries.entry_irating) as integer) as rated_entries,
        max(outcomes.file_class_strength_of_field) as file_class_strength_of_field,
        max(entries.class_strength_of_field) as strength_of_field,
        avg(entries.entry_irating) as irating_mean,
        min(entries.entry_irating) as irating_min,
        max(entries.entry_irating) as irating_max,
        stddev_samp(entries.entry_irating) as irating_standard_deviation,
        cast(sum(outcomes.incidents) as integer) as incidents,
        cast(sum(outcomes.corners) as integer) as corners,
        sum(case when outcomes.corners > 0 then outcomes.incidents end) as incidents_on_corners,
        cast(
            count(case when outcomes.is_starter and outcomes.did_not_finish then 1 end) as integer
        ) as known_retirements,
        cast(
            count(case when outcomes.is_starter and outcomes.did_not_finish is not null then 1 end) as integer
        ) as known_outcomes
    from entries
    inner join entry_outcomes as outcomes
        on entries.race_id = outcomes.race_id and entries.entry_id = outcomes.entry_id
    group by entries.race_id, entries.car_class_id
),

compared as (
    select
        fields.*,
        -- for a race with one class the file gives it only once
        coalesce(
            fields.file_class_strength_of_field,
            case when races.car_classes = 1 then races.file_strength_of_field end
        ) as file_strength_of_field,
        races.strength_of_field_difference as race_strength_of_field_difference
    from fields
    inner join races on fields.race_id = races.race_id
)

select
    race_id,
    car_class_id,
    car_class_name,
    entries,
    starters,
    rated_entries,
    file_strength_of_field,
    {{ published('strength_of_field') }} as strength_of_field,
    {{ published('strength_of_field - file_strength_of_field') }} as strength_of_field_difference,
    {{ published('irating_mean') }} as irating_mean,
    {{ published('irating_min') }} as irating_min,
    {{ published('irating_max') }} as irating_max,
    {{ published('irating_standard_deviation') }} as irating_standard_deviation,
    incidents,
    corners,
    {{ published('100.0 * incidents_on_corners / nullif(corners, 0)') }} as incidents_per_100_corners,
    case when known_outcomes > 0 then known_retirements end as did_not_finish_count,
    {{ published('1.0 * known_retirements / nullif(known_outcomes, 0)') }} as did_not_finish_rate,
    -- null if the file gives no strength
    greatest(abs(strength_of_field - file_strength_of_field), abs(race_strength_of_field_difference))
    <= {{ var('strength_of_field_tolerance') }} as is_strength_of_field_confirmed
from compared
