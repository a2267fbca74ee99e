select
    laps.lap_number,
    laps.layout_key,
    stints.stint_number,
    laps.lap_class,
    laps.lap_time_s,
    laps.sector_1_time_s,
    laps.sector_2_time_s,
    laps.sector_3_time_s,
    laps.fuel_used_l,
    laps.incidents,
    laps.pace_ineligible_reason,
    laps.trace_ineligible_reason,
    laps.is_trace_eligible
from marts.fct_laps as laps
left join marts.fct_stints as stints
    on
        laps.session_id = stints.session_id
        and laps.lap_number between stints.first_lap_number and stints.last_lap_number
where laps.session_id = %(session_id)s
order by laps.lap_number, laps.piece_number, stints.stint_number
