with races as (
    select * from {{ ref('int_races_deduplicated') }}
),

entries as (
    select * from {{ ref('int_race_entries_rated') }}
),

fields as (
    select
        race_id,
        cast(count(entry_irating) as integer) as rated_entries,
        cast(count(distinct car_class_id) as integer) as car_classes,
        {{ strength_of_field('entry_irating') }} as strength_of_field,
        avg(entry_irating) as mean_irating
    from entries
    group by race_id
)

select
    races.race_id,
    races.sim,
    races.entries,
    races.drivers,
    coalesce(fields.car_classes, 0) as car_classes,
    coalesce(fields.rated_entries, 0) as rated_entries,
    races.file_strength_of_field,
    {{ published('fields.strength_of_field') }} as strength_of_field,
    {{ published('fields.strength_of_field - races.file_strength_of_field') }} as strength_of_field_difference,
    {{ published('fields.mean_irating') }} as mean_irating,
    races.is_official,
    races.is_team_race,
    races.started_at,
    races.ended_at,
    races.file_id
from races
left join fields on races.race_id = fields.race_id
