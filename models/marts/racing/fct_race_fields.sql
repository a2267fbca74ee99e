with races as (
    select * from {{ ref('int_races_known') }}
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

race_strengths as (
    select
        race_id,
        cast(count(distinct car_class_id) as integer) as car_classes,
        {{ strength_of_field('entry_irating') }} as strength_of_field
    from entries
    group by race_id
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
        race_strengths.car_classes,
        race_strengths.strength_of_field as race_strength_of_field,
        -- of a race with one class the file gives it once
        coalesce(
            fields.file_class_strength_of_field,
            case when race_strengths.car_classes = 1 then races.file_strength_of_field end
        ) as file_strength_of_field,
        races.file_strength_of_field as file_race_strength_of_field,
        races.sim,
        races.layout_id,
        races.license_category_id,
        races.entries as race_entries,
        races.cautions,
        races.caution_laps,
        races.lead_changes,
        races.is_official,
        races.is_team_race,
        races.is_wet,
        races.started_at,
        races.ended_at,
        races.file_id
    from fields
    inner join races on fields.race_id = races.race_id
    inner join race_strengths on fields.race_id = race_strengths.race_id
)

select
    race_id,
    car_class_id,
    layout_id,
    license_category_id,
    sim,
    car_class_name,
    entries,
    starters,
    rated_entries,
    race_entries,
    car_classes,
    file_strength_of_field,
    {{ published('strength_of_field') }} as strength_of_field,
    {{ published('strength_of_field - file_strength_of_field') }} as strength_of_field_difference,
    file_race_strength_of_field,
    {{ published('race_strength_of_field') }} as race_strength_of_field,
    {{ published('race_strength_of_field - file_race_strength_of_field') }} as race_strength_of_field_difference,
    {{ published('irating_mean') }} as irating_mean,
    {{ published('irating_min') }} as irating_min,
    {{ published('irating_max') }} as irating_max,
    {{ published('irating_standard_deviation') }} as irating_standard_deviation,
    incidents,
    corners,
    {{ published('100.0 * incidents_on_corners / nullif(corners, 0)') }} as incidents_per_100_corners,
    case when known_outcomes > 0 then known_retirements end as did_not_finish,
    {{ published('1.0 * known_retirements / nullif(known_outcomes, 0)') }} as did_not_finish_rate,
    cautions,
    caution_laps,
    lead_changes,
    -- null where the file gives no strength of its own
    greatest(
        abs(strength_of_field - file_strength_of_field), abs(race_strength_of_field - file_race_strength_of_field)
    ) <= {{ var('strength_of_field_tolerance') }} as is_strength_of_field_confirmed,
    is_official,
    is_team_race,
    is_wet,
    started_at,
    ended_at,
    file_id
from compared
