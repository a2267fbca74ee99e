-- The form of a driver before the race that came last, and the rating after it.
select
    form.license_category_id,
    form.races_recent,
    form.avg_finish_percent_recent,
    form.avg_finish_minus_expected_recent,
    form.incidents_per_100_corners_recent,
    results.irating_after,
    results.irating_change
from marts.driver_race_form as form
inner join marts.fct_race_results as results
    on form.race_id = results.race_id and form.entrant_id = results.entrant_id
where form.driver_id = %(driver_id)s
order by form.feature_cutoff_at desc nulls last, form.race_id asc
limit 1
