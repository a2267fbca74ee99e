-- What is everybody's best lap on each layout, and how far is it from the best of the class?
-- gap_percent makes layouts comparable: a driver with 1 % everywhere and 3 % on one layout has most to win on that
-- one.
with personal_bests as (
    select * from {{ ref('personal_bests') }}
),

drivers as (
    select * from {{ ref('dim_drivers') }}
),

cars as (
    select * from {{ ref('dim_cars') }}
)

select
    personal_bests.layout_id,
    cars.car_class_name,
    drivers.driver_name,
    cars.car_name,
    personal_bests.best_lap_time_s,
    personal_bests.gap_to_class_best_s,
    round(100 * personal_bests.gap_to_class_best_s / personal_bests.class_best_lap_time_s, 2) as gap_percent,
    personal_bests.pace_laps,
    personal_bests.best_driven_at
from personal_bests
inner join drivers on personal_bests.driver_id = drivers.driver_id
inner join cars on personal_bests.car_id = cars.car_id
order by personal_bests.layout_id, cars.car_class_name, personal_bests.best_lap_time_s
