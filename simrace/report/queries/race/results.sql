select
    entrant_id,
    entry_id,
    finish_position,
    finish_position_in_class,
    car_class_id,
    car_class_name,
    car_number,
    driver_name,
    team_name,
    car_name,
    start_position,
    start_position_in_class,
    places_gained_in_class,
    laps,
    laps_down,
    gap_to_class_winner_ms / 1000.0 as gap_to_class_winner_s,
    gap_to_car_ahead_ms / 1000.0 as gap_to_car_ahead_s,
    best_lap_ms / 1000.0 as best_lap_s,
    best_lap_number,
    incidents,
    irating_before,
    irating_after,
    irating_change,
    out_reason,
    did_not_finish
from marts.fct_race_results
where race_id = %(race_id)s
order by finish_position nulls last, entrant_id
