-- Returns official races of single drivers whose strength is not that of the file; an excerpt has no whole field.
select
    fields.race_id,
    fields.car_class_id
from {{ ref('fct_race_fields') }} as fields
inner join {{ ref('dim_races') }} as races on fields.race_id = races.race_id
where
    races.is_official
    and not races.is_team_race
    and races.entries >= {{ var('whole_field_entries') }}
    and not fields.is_strength_of_field_confirmed
