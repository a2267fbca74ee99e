select
    bests.layout_id,
    bests.car_id,
    layouts.track_name,
    layouts.config_name,
    cars.car_name,
    bests.best_lap_time_s,
    bests.theoretical_best_s,
    bests.best_rolling_lap_s,
    bests.class_best_lap_time_s,
    bests.gap_to_class_best_s,
    bests.pace_laps,
    bests.sessions,
    bests.best_driven_at
from marts.personal_bests as bests
left join marts.dim_track_layouts as layouts on bests.layout_id = layouts.layout_id
left join marts.dim_cars as cars on bests.car_id = cars.car_id
where bests.driver_id = %(driver_id)s
order by
    bests.sessions desc,
    layouts.track_name asc,
    layouts.config_name asc,
    cars.car_name asc,
    bests.layout_id asc,
    bests.car_id asc
