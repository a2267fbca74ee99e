-- How much fuel does a race of 45 minutes need?
-- From the laps that tell the use of fuel, at the median pace. fuel_needed_l has one lap more than the race, for the
-- lap to the grid; add what you want in reserve. Change 45 for another race.
with stints as (
    select * from {{ ref('fct_stints') }}
    where fuel_laps > 0 and median_lap_time_s is not null
),

sessions as (
    select * from {{ ref('dim_sessions') }}
)

select
    sessions.car_id,
    sessions.layout_id,
    sum(stints.fuel_laps) as laps_measured,
    round(avg(stints.fuel_per_lap_l), 2) as fuel_per_lap_l,
    round(avg(stints.median_lap_time_s), 1) as lap_time_s,
    cast(ceil(45 * 60 / avg(stints.median_lap_time_s)) as integer) as race_laps,
    round(avg(stints.fuel_per_lap_l) * (ceil(45 * 60 / avg(stints.median_lap_time_s)) + 1), 1) as fuel_needed_l
from stints
inner join sessions on stints.session_id = sessions.session_id
group by sessions.car_id, sessions.layout_id
order by sessions.layout_id, sessions.car_id
