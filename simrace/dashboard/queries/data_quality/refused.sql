select
    file_name,
    state,
    reason,
    detail,
    file_bytes,
    file_id
from marts.file_quality
where state in ('refused', 'withheld')
order by file_name, file_id
limit 500
