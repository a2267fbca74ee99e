select
    entry_id,
    lap_number,
    position_after_lap,
    gap_to_leader_ms / 1000.0 as gap_to_leader_s,
    laps_down,
    session_time_ms / 1000.0 as session_time_s,
    lap_time_ms / 1000.0 as lap_time_s,
    sector_1_ms / 1000.0 as sector_1_s,
    sector_2_ms / 1000.0 as sector_2_s,
    sector_3_ms / 1000.0 as sector_3_s,
    lap_events,
    is_valid,
    coalesce(is_pit_lap, false) as is_pit_lap
from marts.fct_race_laps
where race_id = %(race_id)s
order by entry_id, lap_number
