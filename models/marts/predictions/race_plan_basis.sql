{{ config(materialized='view') }}

with sessions as (
    select * from {{ ref('dim_sessions') }}
    where driver_id is not null and layout_id is not null and car_id is not null
),

laps as (
    select
        sessions.driver_id,
        sessions.layout_id,
        sessions.car_id,
        sessions.fuel_capacity_l,
        laps.*,
        lag(laps.ends_on_pit_road) over session_laps as came_in_before,
        lag(laps.lap_time_s) over session_laps as lap_time_before_s,
        lag(laps.lap_number) over session_laps as lap_number_before
    from sessions
    inner join {{ ref('fct_laps') }} as laps on sessions.session_id = laps.session_id
    window session_laps as (partition by laps.session_id order by laps.started_elapsed_s)
),

medians as (
    select
        driver_id,
        layout_id,
        car_id,
        percentile_cont(0.5) within group (order by lap_time_s) filter (where is_pace_eligible) as median_lap_time_s
    from laps
    group by driver_id, layout_id, car_id
)

select
    laps.driver_id,
    laps.layout_id,
    laps.car_id,
    cast(count(*) filter (where laps.is_pace_eligible) as integer) as pace_laps,
    cast(avg(laps.lap_time_s) filter (where laps.is_pace_eligible) as numeric(10, 3)) as mean_lap_time_s,
    cast(stddev_samp(laps.lap_time_s) filter (where laps.is_pace_eligible) as numeric(10, 3)) as lap_time_deviation_s,
    cast(count(*) filter (where laps.is_fuel_eligible) as integer) as fuel_laps,
    cast(avg(laps.fuel_used_l) filter (where laps.is_fuel_eligible) as numeric(8, 3)) as fuel_per_lap_l,
    cast(stddev_samp(laps.fuel_used_l) filter (where laps.is_fuel_eligible) as numeric(8, 3)) as fuel_deviation_l,
    cast(max(laps.fuel_capacity_l) as numeric(8, 3)) as fuel_capacity_l,
    cast(count(stops.pit_loss_s) as integer) as pit_stops,
    cast(percentile_cont(0.5) within group (order by stops.pit_loss_s) as numeric(10, 3)) as pit_loss_s,
    max(laps.session_started_at) as last_session_at
from laps
inner join medians
    on laps.driver_id = medians.driver_id and laps.layout_id = medians.layout_id and laps.car_id = medians.car_id
-- a stop costs what the lap into the pits and the lap out of them take more than two laps at pace
cross join
    lateral (
        select
            case
                when
                    laps.came_in_before and laps.starts_on_pit_road and laps.is_complete
                    and laps.lap_number = laps.lap_number_before + 1
                    then laps.lap_time_s + laps.lap_time_before_s - 2 * medians.median_lap_time_s
            end as pit_loss_s
    ) as stops
group by laps.driver_id, laps.layout_id, laps.car_id
