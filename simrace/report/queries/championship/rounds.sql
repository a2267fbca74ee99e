select
    rounds.driver_id,
    drivers.driver_name,
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
left join marts.dim_drivers as drivers on rounds.driver_id = drivers.driver_id
where rounds.championship_id = %(championship_id)s
order by rounds.green_flag_at, rounds.race_id, rounds.driver_id
