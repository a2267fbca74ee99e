-- Stints of each car, each with the stop at its end.
select
    stints.entry_id,
    stints.stint_number,
    stints.first_lap_number,
    stints.last_lap_number,
    drivers.driver_name,
    stints.tyre_compound_front,
    stints.tyre_compound_rear,
    stints.median_lap_ms / 1000.0 as median_lap_s,
    stops.stop_number,
    stops.lost_ms / 1000.0 as lost_s,
    stops.is_driver_change
from marts.race_stints as stints
left join marts.fct_pit_stops as stops
    on
        stints.race_id = stops.race_id
        and stints.entry_id = stops.entry_id
        and stints.stint_number = stops.stop_number
left join marts.dim_drivers as drivers on stints.driver_id = drivers.driver_id
where stints.race_id = %(race_id)s
order by stints.entry_id, stints.stint_number
