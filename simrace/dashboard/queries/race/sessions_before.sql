-- Practice and qualifying of the same event: the sims number them together.
(
    select
        others.event_session_id,
        others.session_type,
        others.simsession_number,
        driven.car_class_id,
        driven.position_in_class,
        driven.entrant_id,
        driven.entrant_name as driver_name,
        driven.car_name,
        driven.laps,
        driven.best_lap_ms / 1000.0 as best_lap_s,
        driven.gap_to_best_in_class_ms / 1000.0 as gap_s
    from marts.dim_event_sessions as race
    inner join marts.dim_event_sessions as others
        on race.sim = others.sim and race.subsession_id = others.subsession_id and not others.is_race
    inner join marts.fct_qualifying_results as driven on others.event_session_id = driven.event_session_id
    where race.event_session_id = %(race_id)s
)
union all
(
    select
        others.event_session_id,
        others.session_type,
        others.simsession_number,
        driven.car_class_id,
        driven.position_in_class,
        driven.entrant_id,
        driven.entrant_name as driver_name,
        driven.car_name,
        driven.laps,
        driven.best_lap_ms / 1000.0 as best_lap_s,
        driven.gap_to_best_in_class_ms / 1000.0 as gap_s
    from marts.dim_event_sessions as race
    inner join marts.dim_event_sessions as others
        on race.sim = others.sim and race.subsession_id = others.subsession_id and not others.is_race
    inner join marts.fct_practice_results as driven on others.event_session_id = driven.event_session_id
    where race.event_session_id = %(race_id)s
)
order by
    simsession_number desc, event_session_id asc, position_in_class asc nulls last, entrant_id asc
