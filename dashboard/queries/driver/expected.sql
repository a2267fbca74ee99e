select
    audit.license_category_id,
    audit.expected_finish_in_class,
    audit.finish_position_in_class,
    audit.finish_minus_expected,
    audit.class_entries,
    results.track_name,
    results.series_name,
    results.green_flag_at
from marts.rating_audit as audit
inner join marts.fct_race_results as results
    on audit.race_id = results.race_id and audit.entrant_id = results.entrant_id
where audit.driver_id = %(driver_id)s and audit.finish_position_in_class is not null
order by results.green_flag_at, audit.race_id
