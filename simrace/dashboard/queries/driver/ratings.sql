select
    license_category_id,
    driver_race_number,
    irating_after,
    irating_change,
    irating_peak,
    irating_percentile,
    safety_rating_corrected_after,
    safety_rating_after,
    results_known_at
from marts.rating_history
where driver_id = %(driver_id)s
order by license_category_id, driver_race_number
