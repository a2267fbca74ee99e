select
    position,
    team_name,
    points,
    points_behind,
    race_points,
    bonus_points,
    points_deducted,
    points_awarded,
    races,
    results_counted,
    wins,
    podiums
from marts.championship_team_standings
where championship_id = %(championship_id)s
order by position, team_name
