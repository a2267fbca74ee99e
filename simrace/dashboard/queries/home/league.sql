-- The first places of the championship whose round was driven last.
select
    standings.championship_id,
    standings.championship_name,
    standings.position,
    drivers.driver_name,
    standings.points,
    standings.points_behind,
    standings.wins
from marts.championship_standings as standings
left join marts.dim_drivers as drivers on standings.driver_id = drivers.driver_id
where
    standings.championship_id = (
        select rounds.championship_id
        from marts.championship_rounds as rounds
        inner join marts.dim_event_sessions as sessions on rounds.race_id = sessions.event_session_id
        order by coalesce(sessions.started_at, sessions.ended_at) desc nulls last, rounds.championship_id asc
        limit 1
    )
order by standings.position, standings.driver_id
limit 5
