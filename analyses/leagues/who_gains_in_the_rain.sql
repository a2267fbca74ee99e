-- Who gains in the rain?
-- A driver's place in the class, from 0 (first) to 1 (last), in wet races and in dry ones; a gain above 0 is a better
-- place in the wet. Races whose files do not say whether it rained count for neither.
with results as (
    select * from {{ ref('fct_race_results') }}
    where is_starter and not is_ai and driver_id is not null
),

fields as (
    select * from {{ ref('fct_race_fields') }}
    where starters > 1
),

races as (
    select * from {{ ref('dim_races') }}
),

drivers as (
    select * from {{ ref('dim_drivers') }}
),

placed as (
    select
        results.driver_id,
        races.is_wet,
        (results.finish_position_in_class - 1.0) / (fields.starters - 1) as finish_share
    from results
    inner join fields on results.race_id = fields.race_id and results.car_class_id = fields.car_class_id
    inner join races on results.race_id = races.race_id
)

select
    drivers.driver_name,
    count(case when placed.is_wet then 1 end) as wet_races,
    count(case when not placed.is_wet then 1 end) as dry_races,
    round(avg(case when placed.is_wet then placed.finish_share end), 2) as avg_finish_wet,
    round(avg(case when not placed.is_wet then placed.finish_share end), 2) as avg_finish_dry,
    round(
        avg(case when not placed.is_wet then placed.finish_share end)
        - avg(case when placed.is_wet then placed.finish_share end), 2
    ) as gained_in_the_wet
from placed
inner join drivers on placed.driver_id = drivers.driver_id
group by drivers.driver_id, drivers.driver_name
having count(case when placed.is_wet then 1 end) > 0
order by gained_in_the_wet desc nulls last, wet_races desc
