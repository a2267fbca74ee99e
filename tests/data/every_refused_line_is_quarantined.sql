-- Files of which the lines refused are not the lines in quarantine.
select
    files.file_id,
    files.lines_refused,
    count(quarantined.file_id) as lines_quarantined
from {{ ref('file_quality') }} as files
left join {{ ref('quarantined_rows') }} as quarantined on files.file_id = quarantined.file_id
group by files.file_id, files.lines_refused
having count(quarantined.file_id) <> files.lines_refused
