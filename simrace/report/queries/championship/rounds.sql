select
    rounds.driver_id,
    rounds.race_id,
    rounds.race_number,
    rounds.class_name,
    rounds.race_points,
    rounds.bonus_points,
    rounds.points_deducted,
    rounds.scored_position,
    rounds.is_counted,
    rounds.is_disqualified,
    rounds.green_flag_at
from marts.championship_rounds as rounds
where rounds.championship_id = %(championship_id)s
order by rounds.green_flag_at, rounds.race_id, rounds.driver_id
