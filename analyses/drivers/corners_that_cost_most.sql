-- In which corners does a driver lose the most time against the best lap of the session?
-- lost_s is the mean over the driver's pace laps; positive is slower. If spread_s is high too, the driver can do it but
-- not always; if spread_s is low, every lap has the same mistake. Work on the first rows first.
with lap_corners as (
    select * from {{ ref('fct_lap_corners') }}
),

laps as (
    select * from {{ ref('fct_laps') }}
    where is_pace_eligible
),

sessions as (
    select * from {{ ref('dim_sessions') }}
),

corners as (
    select * from {{ ref('dim_track_corners') }}
)

select
    sessions.driver_id,
    lap_corners.layout_key,
    lap_corners.corner_number,
    corners.corner_name,
    count(*) as laps,
    round(avg(lap_corners.delta_s), 3) as lost_s,
    round(stddev_samp(lap_corners.time_s), 3) as spread_s,
    round(avg(lap_corners.brake_point_m), 0) as brake_point_m,
    round(avg(lap_corners.min_speed_kph), 1) as min_speed_kph
from lap_corners
inner join laps on lap_corners.session_id = laps.session_id and lap_corners.lap_number = laps.lap_number
inner join sessions on lap_corners.session_id = sessions.session_id
inner join corners
    on lap_corners.layout_key = corners.layout_key and lap_corners.corner_number = corners.corner_number
group by sessions.driver_id, lap_corners.layout_key, lap_corners.corner_number, corners.corner_name
having count(*) > 1
order by lost_s desc nulls last
