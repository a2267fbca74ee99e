with stints as (
    select
        *,
        lead(driver_id) over car_stints as next_driver_id,
        lead(first_lap_number) over car_stints as next_first_lap_number
    from {{ ref('race_stints') }}
    window car_stints as (partition by race_id, entry_id order by stint_number)
),

-- not materialized, so that PostgreSQL finds the laps around a stop by the index: it expects one stop, and would read
-- the laps of all races for each
laps as not materialized (
    select * from {{ ref('fct_race_laps') }}
),

pace as (
    select
        race_id,
        entry_id,
        percentile_cont(0.5) within group (order by lap_time_ms) filter (
            where not is_formation_lap and not coalesce(is_pit_lap, false)
        ) as median_lap_ms
    from laps
    group by race_id, entry_id
)

select
    stints.race_id,
    stints.entry_id,
    stints.stint_number as stop_number,
    stints.last_lap_number as lap_number,
    stints.driver_id as driver_id_before,
    stints.next_driver_id as driver_id_after,
    in_laps.driver_index <> out_laps.driver_index as is_driver_change,
    before_laps.position_after_lap as position_before,
    out_laps.position_after_lap as position_after,
    in_laps.lap_time_ms as in_lap_ms,
    out_laps.lap_time_ms as out_lap_ms,
    cast(round(in_laps.lap_time_ms + out_laps.lap_time_ms - 2 * pace.median_lap_ms) as integer) as lost_ms
from stints
inner join laps as in_laps
    on stints.race_id = in_laps.race_id
        and stints.entry_id = in_laps.entry_id
        and stints.last_lap_number = in_laps.lap_number
inner join laps as out_laps
    on stints.race_id = out_laps.race_id
        and stints.entry_id = out_laps.entry_id
        and stints.next_first_lap_number = out_laps.lap_number
inner join pace on stints.race_id = pace.race_id and stints.entry_id = pace.entry_id
left join laps as before_laps
    on stints.race_id = before_laps.race_id
        and stints.entry_id = before_laps.entry_id
        and stints.last_lap_number - 1 = before_laps.lap_number
