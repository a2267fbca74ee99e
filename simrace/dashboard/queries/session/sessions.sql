select
    sessions.session_id,
    sessions.sim,
    sessions.session_type,
    sessions.session_started_at,
    drivers.driver_name,
    cars.car_name,
    layouts.track_name,
    layouts.config_name
from marts.dim_sessions as sessions
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
left join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
left join marts.session_consistency as consistency on sessions.session_id = consistency.session_id
-- those that have something to show stand first, as on the front door
order by consistency.complete_lap_count > 0 desc nulls last, sessions.session_started_at desc, sessions.session_id asc
