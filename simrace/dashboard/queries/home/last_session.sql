-- The session that was driven last, and the driver's best before it, with this car on this layout.
select
    sessions.session_id,
    sessions.session_started_at,
    sessions.driver_id,
    drivers.driver_name,
    cars.car_name,
    layouts.track_name,
    layouts.config_name,
    sessions.layout_key,
    consistency.pace_laps,
    consistency.complete_lap_count,
    consistency.best_lap_time_s,
    consistency.median_lap_time_s,
    consistency.theoretical_gain_s,
    (
        select min(laps.lap_time_s)
        from marts.dim_sessions as earlier
        inner join marts.fct_laps as laps on earlier.session_id = laps.session_id and laps.is_pace_eligible
        where
            earlier.driver_id = sessions.driver_id
            and earlier.car_id = sessions.car_id
            and earlier.layout_id = sessions.layout_id
            and earlier.session_started_at < sessions.session_started_at
    ) as best_before_s
from marts.dim_sessions as sessions
left join marts.session_consistency as consistency on sessions.session_id = consistency.session_id
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
left join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
order by consistency.complete_lap_count > 0 desc nulls last, sessions.session_started_at desc, sessions.session_id asc
limit 1
