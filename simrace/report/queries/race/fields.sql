select
    fields.car_class_id,
    fields.car_class_name,
    fields.entries,
    fields.starters,
    fields.strength_of_field,
    fields.file_strength_of_field,
    fields.irating_mean,
    fields.irating_min,
    fields.irating_max,
    fields.incidents_per_100_corners,
    fields.did_not_finish_count,
    races.is_official,
    races.is_team_race
from marts.fct_race_fields as fields
inner join marts.dim_races as races on fields.race_id = races.race_id
where fields.race_id = %(race_id)s
order by fields.entries desc, fields.car_class_id asc
