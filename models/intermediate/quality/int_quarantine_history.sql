with history as (
    select * from {{ ref('stg_ops__quarantine_history') }}
)

select
    file_id,
    race_id,
    line_number,
    reason,
    quarantined_at,
    released_at
from history
