select
    file_name,
    line_number,
    reason,
    line,
    source_format
from marts.quarantined_rows
order by file_name, file_id, race_id, line_number
limit 500
