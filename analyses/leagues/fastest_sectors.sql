-- Where on the lap was each driver of a race the fastest?
-- Best valid sectors of a race whose file has them (ACC), and the lap they would make together. lost_s is how much
-- slower the best lap was; a driver with a good optimal lap and a poor finish lost the race elsewhere than on pace.
with laps as (
    select * from {{ ref('fct_race_laps') }}
    where is_valid and not is_formation_lap and sector_1_ms is not null
),

drivers as (
    select * from {{ ref('dim_drivers') }}
),

bests as (
    select
        race_id,
        driver_id,
        count(*) as laps,
        min(lap_time_ms) as best_lap_ms,
        min(sector_1_ms) as sector_1_ms,
        min(sector_2_ms) as sector_2_ms,
        min(sector_3_ms) as sector_3_ms
    from laps
    group by race_id, driver_id
)

select
    bests.race_id,
    drivers.driver_name,
    bests.laps,
    rank() over (partition by bests.race_id order by bests.sector_1_ms) as rank_sector_1,
    rank() over (partition by bests.race_id order by bests.sector_2_ms) as rank_sector_2,
    rank() over (partition by bests.race_id order by bests.sector_3_ms) as rank_sector_3,
    round(bests.best_lap_ms / 1000.0, 3) as best_lap_s,
    round((bests.sector_1_ms + bests.sector_2_ms + bests.sector_3_ms) / 1000.0, 3) as optimal_lap_s,
    round((bests.best_lap_ms - bests.sector_1_ms - bests.sector_2_ms - bests.sector_3_ms) / 1000.0, 3) as lost_s
from bests
inner join drivers on bests.driver_id = drivers.driver_id
order by bests.race_id, optimal_lap_s
