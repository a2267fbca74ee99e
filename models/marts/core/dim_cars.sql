-- Names are looked up here and not in int_cars: that is a view, and reads with the rights of whoever made it.
with cars as (
    select * from {{ ref('int_cars') }}
),

known_names as (
    select * from {{ ref('known_names') }}
    where kind = 'car'
)

select
    cars.car_id,
    cars.sim,
    coalesce(known_names.known_name, cars.car_name) as car_name,
    cars.car_class_name
from cars
left join known_names
    on
        cars.sim = known_names.sim
        and lower(regexp_replace(cars.car_id, '^[^:]*:(name:)?', '')) = known_names.internal_name
