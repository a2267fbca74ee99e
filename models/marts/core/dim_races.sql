with races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

strengths as (
    select
        race_id,
        cast(count(distinct car_class_id) as integer) as car_classes,
        {{ strength_of_field('entry_irating') }} as strength_of_field
    from entries
    group by race_id
),

led as (
    select
        race_id,
        cast(sum(leads_taken) as integer) as lead_changes,
        cast(nullif(count(*) filter (where laps_led > 0), 0) as integer) as leaders
    from {{ ref('int_race_position_changes') }}
    group by race_id
),

told as (
    select
        race_id,
        count(laps_led) > 0 as is_told,
        cast(nullif(count(*) filter (where laps_led > 0), 0) as integer) as leaders
    from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team
    group by race_id
)

select
    races.race_id,
    races.entries,
    races.drivers,
    coalesce(strengths.car_classes, 0) as car_classes,
    races.file_strength_of_field,
    {{ published('strengths.strength_of_field') }} as strength_of_field,
    {{ published('strengths.strength_of_field - races.file_strength_of_field') }} as strength_of_field_difference,
    races.cautions,
    races.caution_laps,
    coalesce(races.lead_changes, led.lead_changes) as lead_changes,
    case
        when races.lead_changes is not null then 'file'
        when led.lead_changes is not null then 'laps'
    end as lead_changes_source,
    case when told.is_told then told.leaders else led.leaders end as leaders,
    races.is_official,
    races.is_team_race,
    races.is_wet,
    races.green_flag_at,
    races.results_known_at
from races
left join strengths on races.race_id = strengths.race_id
left join led on races.race_id = led.race_id and races.is_over
left join told on races.race_id = told.race_id
