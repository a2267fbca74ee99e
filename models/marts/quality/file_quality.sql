with files as (
    select * from {{ ref('int_files_judged') }}
)

select
    file_id,
    file_name,
    source_format,
    format_family,
    state,
    reason,
    detail,
    file_bytes,
    cast(lines_read as bigint) as lines_read,
    cast(lines_loaded as bigint) as lines_loaded,
    cast(lines_superseded as bigint) as lines_superseded,
    cast(lines_refused as bigint) as lines_refused,
    cast(lines_withheld as bigint) as lines_withheld,
    modified_at,
    landed_at
from files
