-- How wrong each model was, race by race, beside what it was on the validation races.
select
    target,
    race_id,
    green_flag_at,
    drivers,
    error,
    grid_error,
    coverage,
    trained_error
from marts.prediction_scores
where target = %(target)s
order by green_flag_at, race_id, model_id
