select
    state,
    count(*) as files,
    sum(lines_read) as lines_read,
    sum(lines_loaded) as lines_loaded,
    sum(lines_superseded) as lines_superseded,
    sum(lines_refused) as lines_refused,
    sum(lines_withheld) as lines_withheld,
    sum(lines_set_aside) as lines_set_aside,
    max(landed_at) as last_landed_at
from marts.file_quality
group by state
order by files desc, state asc
