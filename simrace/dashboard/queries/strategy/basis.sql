select
    basis.layout_id,
    layouts.track_name,
    layouts.config_name,
    basis.car_id,
    cars.car_name,
    basis.driver_id,
    drivers.driver_name,
    basis.pace_laps,
    basis.mean_lap_time_s,
    basis.lap_time_deviation_s,
    basis.fuel_laps,
    basis.fuel_per_lap_l,
    basis.fuel_deviation_l,
    basis.fuel_capacity_l,
    basis.pit_stops,
    basis.pit_loss_s,
    basis.last_session_at
from marts.race_plan_basis as basis
left join marts.dim_track_layouts as layouts on basis.layout_id = layouts.layout_id
left join marts.dim_cars as cars on basis.car_id = cars.car_id
left join marts.dim_drivers as drivers on basis.driver_id = drivers.driver_id
order by
    basis.fuel_capacity_l is not null and least(basis.pace_laps, basis.fuel_laps) >= %(fewest_laps)s desc, -- enough
    least(basis.pace_laps, basis.fuel_laps) desc,
    basis.pace_laps desc,
    basis.layout_id asc,
    basis.car_id asc,
    basis.driver_id asc
