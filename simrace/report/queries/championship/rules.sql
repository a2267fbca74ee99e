select
    points_table,
    round_by,
    rounds,
    rounds_counted,
    rounds_dropped,
    team_cars_counted,
    is_scored_in_class,
    are_ties_shared
from marts.dim_championships
where championship_id = %(championship_id)s
