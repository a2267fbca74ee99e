select
    file_id,
    race_id,
    line_number,
    reason,
    quarantined_at,
    released_at
from {{ source('ops', 'quarantine_history') }}
