select
    form.license_category_id,
    form.driver_race_number,
    form.races_recent,
    form.avg_finish_percent_recent,
    form.avg_finish_in_class_recent,
    form.avg_finish_minus_expected_recent,
    form.avg_places_gained_recent,
    form.incidents_per_100_corners_recent,
    form.avg_irating_change_recent,
    form.feature_cutoff_at
from marts.driver_race_form as form
where form.driver_id = %(driver_id)s
order by form.license_category_id, form.driver_race_number
