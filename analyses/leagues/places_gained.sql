-- Who gains places in the race, and who loses what qualifying gave?
-- Places in the class from the grid to the finish, mean over the races of a driver. A driver at the front
-- has nothing to gain: compare drivers with about the same avg_start.
with results as (
    select * from {{ ref('fct_race_results') }}
    where is_starter and start_position_in_class is not null and finish_position_in_class is not null and not is_ai
),

drivers as (
    select * from {{ ref('dim_drivers') }}
)

select
    drivers.driver_name,
    count(*) as races,
    round(avg(results.start_position_in_class), 1) as avg_start,
    round(avg(results.finish_position_in_class), 1) as avg_finish,
    round(avg(results.places_gained_in_class), 2) as avg_places_gained,
    max(results.places_gained_in_class) as most_places_gained,
    sum(case when results.did_not_finish then 1 else 0 end) as did_not_finish
from results
inner join drivers on results.driver_id = drivers.driver_id
group by drivers.driver_id, drivers.driver_name
having count(*) > 1
order by avg_places_gained desc, races desc
