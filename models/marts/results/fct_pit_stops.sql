with stints as (
    select * from {{ ref('race_stints') }}
),

laps as (
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
    next_stints.driver_id as driver_id_after,
    in_laps.driver_index <> out_laps.driver_index as is_driver_change,
    before_laps.position_after_lap as position_before,
    out_laps.position_after_lap as position_after,
    in_laps.lap_time_ms as in_lap_ms,
    out_laps.lap_time_ms as out_lap_ms,
    cast(round(in_laps.lap_time_ms + out_laps.lap_time_ms - 2 * pace.median_lap_ms) as integer) as lost_ms
from stints
inner join stints as next_stints
    on stints.race_id = next_stints.race_id
        and stints.entry_id = next_stints.entry_id
        and stints.stint_number + 1 = next_stints.stint_number
inner join laps as in_laps
    on stints.race_id = in_laps.race_id
        and stints.entry_id = in_laps.entry_id
        and stints.last_lap_number = in_laps.lap_number
inner join laps as out_laps
    on next_stints.race_id = out_laps.race_id
        and next_stints.entry_id = out_laps.entry_id
        and next_stints.first_lap_number = out_laps.lap_number
inner join pace on stints.race_id = pace.race_id and stints.entry_id = pace.entry_id
left join laps as before_laps
    on stints.race_id = before_laps.race_id
        and stints.entry_id = before_laps.entry_id
        and stints.last_lap_number - 1 = before_laps.lap_number
