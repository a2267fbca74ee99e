select
    minisector,
    start_m,
    end_m,
    delta_s
from marts.lap_comparisons
where
    session_id = %(session_id)s
    and lap_number = %(lap_number)s
    and reference_kind = 'asked'
    and reference_session_id = %(reference_session_id)s
    and reference_lap_number = %(reference_lap_number)s
order by minisector
