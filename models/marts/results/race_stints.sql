with laps as (
    select * from {{ ref('fct_race_laps') }}
),

-- where nothing says when a car came in, its race is not one stint: it is unknown
ordered as (
    select
        *,
        bool_or(is_pit_lap is not null) over whole_race
        or min(driver_index) over whole_race < max(driver_index) over whole_race as tells_stints,
        lag(is_pit_lap) over car_laps as came_in,
        lag(is_pit_lap, 2) over car_laps as came_in_before,
        lag(driver_index) over car_laps <> driver_index as has_other_driver
    from laps
    window
        whole_race as (partition by race_id, entry_id),
        car_laps as (partition by race_id, entry_id order by lap_number)
),

-- of laps in the pit lane in a row, one ends with the stop and the next begins with it
numbered as (
    select
        *,
        1 + count(*) filter (where (came_in and not coalesce(came_in_before, false)) or has_other_driver) over (
            partition by race_id, entry_id order by lap_number
        ) as stint_number
    from ordered
    where tells_stints
)

select
    race_id,
    entry_id,
    cast(stint_number as integer) as stint_number,
    max(entrant_id) as entrant_id,
    max(driver_id) as driver_id,
    min(lap_number) as first_lap_number,
    max(lap_number) as last_lap_number,
    cast(count(*) as integer) as laps,
    (array_agg(tyre_compound_front order by lap_number))[1] as tyre_compound_front,
    (array_agg(tyre_compound_rear order by lap_number))[1] as tyre_compound_rear,
    min(lap_time_ms) as best_lap_ms,
    cast(percentile_cont(0.5) within group (order by lap_time_ms) filter (
        where not is_formation_lap and not coalesce(is_pit_lap, false)
    ) as integer) as median_lap_ms
from numbered
group by race_id, entry_id, stint_number
