{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key=['race_id'],
) }}

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
    races.lead_changes,
    races.is_official,
    races.is_team_race,
    races.is_wet,
    races.green_flag_at,
    races.results_known_at
from races
left join strengths on races.race_id = strengths.race_id
