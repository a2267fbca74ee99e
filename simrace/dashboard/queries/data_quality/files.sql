select
    file_name,
    state,
    source_format,
    lines_read,
    lines_loaded,
    lines_refused,
    file_bytes,
    landed_at
from marts.file_quality
where state not in ('refused', 'withheld')
order by landed_at desc nulls last, file_name asc, file_id asc
limit 500
