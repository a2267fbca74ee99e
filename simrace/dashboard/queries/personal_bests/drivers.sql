select
    bests.driver_id,
    drivers.driver_name,
    count(*) as bests
from marts.personal_bests as bests
left join marts.dim_drivers as drivers on bests.driver_id = drivers.driver_id
group by bests.driver_id, drivers.driver_name
order by bests desc, drivers.driver_name asc, bests.driver_id asc
