select
    driver_id,
    sim,
    driver_name,
    races
from marts.dim_drivers
where races > 0
order by races desc, driver_name asc, driver_id asc
