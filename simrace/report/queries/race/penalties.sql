select
    penalties.entry_id,
    penalties.lap_number,
    results.driver_name,
    penalties.kind,
    penalties.reason,
    penalties.penalty_s,
    penalties.penalty_laps,
    penalties.penalty_places,
    penalties.served_lap_number
from marts.fct_penalties as penalties
left join marts.fct_race_results as results
    on penalties.event_session_id = results.race_id and penalties.entrant_id = results.entrant_id
where penalties.event_session_id = %(race_id)s and penalties.is_penalty
order by penalties.lap_number nulls last, penalties.penalty_number
