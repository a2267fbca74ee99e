with laps as (
    select * from {{ ref('fct_laps') }}
),

ordered as (
    select
        *,
        lag(has_pit_road and (ends_on_pit_road or not starts_on_pit_road)) over session_laps as came_from_pits,
        row_number() over session_laps as lap_place
    from laps
    window session_laps as (partition by session_id order by started_elapsed_s)
),

-- a stint begins with the session or when the car leaves the pits
numbered as (
    select
        *,
        sum(case when lap_place = 1 or starts_on_pit_road or came_from_pits then 1 else 0 end) over (
            partition by session_id order by lap_place
        ) as stint_number
    from ordered
),

placed as (
    select
        *,
        row_number() over (partition by session_id, stint_number order by lap_place) as lap_in_stint
    from numbered
)

select
    session_id,
    cast(stint_number as integer) as stint_number,
    min(lap_number) as first_lap_number,
    max(lap_number) as last_lap_number,
    cast(count(*) as integer) as laps,
    cast(count(case when is_pace_eligible then 1 end) as integer) as pace_laps,
    cast(max(ended_elapsed_s) - min(started_elapsed_s) as numeric(12, 3)) as duration_s,
    cast(sum(driven_m) / 1000 as numeric(12, 3)) as driven_km,
    cast(min(case when is_pace_eligible then lap_time_s end) as numeric(10, 3)) as best_lap_time_s,
    cast(avg(case when is_pace_eligible then lap_time_s end) as numeric(10, 3)) as mean_lap_time_s,
    cast(percentile_cont(0.5) within group (order by case when is_pace_eligible then lap_time_s end) as numeric(10, 3))
        as median_lap_time_s,
    cast(case
        when count(case when is_pace_eligible then 1 end) >= {{ var('consistency_fewest_laps') }}
            then regr_slope(
                    case when is_pace_eligible then cast(lap_time_s as double precision) end,
                    case when is_pace_eligible then lap_in_stint end
                )
    end as numeric(10, 4)) as lap_time_slope_s,
    cast(case
        when count(case when is_pace_eligible then 1 end) >= {{ var('consistency_fewest_laps') }}
            then regr_r2(
                    case when is_pace_eligible then cast(lap_time_s as double precision) end,
                    case when is_pace_eligible then lap_in_stint end
                )
    end as numeric(6, 4)) as lap_time_slope_r2,
    cast(count(case when is_fuel_eligible then 1 end) as integer) as fuel_laps,
    cast(avg(case when is_fuel_eligible then fuel_used_l end) as numeric(8, 3)) as fuel_per_lap_l,
    min(session_started_at) as session_started_at
from placed
group by session_id, stint_number
