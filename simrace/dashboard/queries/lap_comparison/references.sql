select
    reference_kind,
    reference_session_id,
    reference_lap_number,
    reference_lap_time_s
from marts.lap_references
where session_id = %(session_id)s and lap_number = %(lap_number)s
order by array_position(array['personal_best', 'class_best', 'session_best'], reference_kind)
