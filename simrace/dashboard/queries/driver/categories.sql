select
    license_category_id,
    count(*) as races
from marts.driver_race_form
where driver_id = %(driver_id)s
group by license_category_id
order by races desc, license_category_id asc
