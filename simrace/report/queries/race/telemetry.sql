select
    results.driver_name,
    telemetry.finish_position_in_class,
    telemetry.complete_laps,
    telemetry.pace_laps,
    telemetry.best_lap_time_s,
    telemetry.median_lap_time_s,
    100 * telemetry.lap_time_variation_ratio as lap_time_variation_percent,
    telemetry.fuel_per_lap_l,
    telemetry.incidents_in_log,
    telemetry.worst_corner_number
from marts.fct_race_telemetry as telemetry
inner join marts.fct_race_results as results
    on telemetry.race_id = results.race_id and telemetry.entrant_id = results.entrant_id
where telemetry.race_id = %(race_id)s
order by telemetry.finish_position_in_class nulls last, telemetry.entrant_id
