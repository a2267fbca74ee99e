select
    audit.car_class_id,
    audit.entrant_id,
    results.driver_name,
    audit.finish_position_in_class,
    audit.expected_finish_in_class,
    audit.finish_minus_expected,
    audit.estimated_irating_change,
    audit.irating_change,
    audit.irating_change_residual
from marts.rating_audit as audit
inner join marts.fct_race_results as results
    on audit.race_id = results.race_id and audit.entrant_id = results.entrant_id
where audit.race_id = %(race_id)s
order by audit.finish_position_in_class nulls last, audit.entrant_id
