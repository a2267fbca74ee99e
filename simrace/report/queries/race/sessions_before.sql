-- Practice and qualifying of the same event: the sims number them together.
select
    others.event_session_id,
    others.session_type,
    driven.car_class_id,
    driven.position_in_class,
    driven.entrant_name as driver_name,
    driven.car_name,
    driven.laps,
    driven.best_lap_ms / 1000.0 as best_lap_s,
    driven.gap_to_best_in_class_ms / 1000.0 as gap_s
from (
    select * from marts.fct_qualifying_results
    union all
    select * from marts.fct_practice_results
) as driven
inner join marts.dim_event_sessions as others
    on driven.event_session_id = others.event_session_id and not others.is_race
inner join marts.dim_event_sessions as race
    on others.sim = race.sim and others.subsession_id = race.subsession_id
where race.event_session_id = %(race_id)s
order by
    others.simsession_number desc,
    others.event_session_id asc,
    driven.position_in_class asc nulls last,
    driven.entrant_id asc
