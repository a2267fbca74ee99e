select
    minisector,
    time_s
from marts.lap_minisectors
where session_id = %(session_id)s and lap_number = %(lap_number)s
order by minisector
