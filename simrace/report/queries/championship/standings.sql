select
    standings.position,
    standings.driver_id,
    drivers.driver_name,
    standings.team_name,
    standings.points,
    standings.points_behind,
    standings.race_points,
    standings.bonus_points,
    standings.points_deducted,
    standings.points_awarded,
    standings.dropped_points,
    standings.races,
    standings.races_counted,
    standings.wins,
    standings.podiums,
    standings.best_position
from marts.championship_standings as standings
left join marts.dim_drivers as drivers on standings.driver_id = drivers.driver_id
where standings.championship_id = %(championship_id)s
order by standings.position, standings.driver_id
