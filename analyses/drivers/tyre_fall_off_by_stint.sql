-- How much slower does each lap of a stint get, as tyres fade and fuel burns off?
-- slope_s is what a pace lap loses against the one before: above 0, worn tyres cost more than the lighter car gains.
-- Believe it when r2 is high and pace_laps are many; over_ten_laps_s is the same for ten laps.
with stints as (
    select * from {{ ref('fct_stints') }}
),

sessions as (
    select * from {{ ref('dim_sessions') }}
)

select
    sessions.driver_id,
    sessions.car_id,
    sessions.layout_id,
    stints.session_started_at,
    stints.stint_number,
    stints.pace_laps,
    stints.median_lap_time_s,
    stints.lap_time_slope_s as slope_s,
    stints.lap_time_slope_r2 as r2,
    round(10 * stints.lap_time_slope_s, 2) as over_ten_laps_s
from stints
inner join sessions on stints.session_id = sessions.session_id
where stints.lap_time_slope_s is not null
order by stints.lap_time_slope_s desc
