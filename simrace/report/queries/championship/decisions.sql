-- What stewards and rules took or gave, and results that were taken away.
select
    rounds.race_number,
    rounds.green_flag_at,
    drivers.driver_name,
    rounds.class_name,
    rounds.points_deducted,
    rounds.points_awarded,
    rounds.is_disqualified,
    rounds.finish_position,
    rounds.scored_position
from marts.championship_rounds as rounds
left join marts.dim_drivers as drivers on rounds.driver_id = drivers.driver_id
where
    rounds.championship_id = %(championship_id)s
    and (rounds.points_deducted > 0 or rounds.points_awarded > 0 or rounds.is_disqualified)
order by rounds.green_flag_at, rounds.race_number, drivers.driver_name, rounds.driver_id
