select
    championship_id,
    championship_name,
    count(*) as drivers
from marts.championship_standings
group by championship_id, championship_name
order by drivers desc, championship_id asc
