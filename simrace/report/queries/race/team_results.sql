select
    entrant_id,
    finish_position,
    finish_position_in_class,
    car_class_id,
    car_class_name,
    team_name,
    car_name,
    start_position_in_class,
    laps,
    laps_down,
    interval_ms / 1000.0 as interval_s,
    best_lap_ms / 1000.0 as best_lap_s,
    incidents,
    out_reason
from marts.fct_race_team_results
where race_id = %(race_id)s
order by finish_position nulls last, entrant_id
