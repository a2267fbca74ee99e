-- A session that is no race, and the races of its event.
select
    session.session_type,
    races.event_session_id as race_id
from marts.dim_event_sessions as session
left join marts.dim_event_sessions as races
    on session.sim = races.sim and session.subsession_id = races.subsession_id and races.is_race
where session.event_session_id = %(race_id)s
order by races.event_session_id
