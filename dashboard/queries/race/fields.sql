select
    car_class_id,
    car_class_name,
    entries,
    starters,
    strength_of_field,
    file_strength_of_field,
    irating_mean,
    irating_min,
    irating_max,
    incidents_per_100_corners,
    did_not_finish,
    is_official,
    is_team_race
from marts.fct_race_fields
where race_id = %(race_id)s
order by entries desc, car_class_id asc
