-- Chances that were said of the test races, in fifths, beside the share that came.
select
    chances.target,
    chances.scorer as bin,
    chances.value as mean_chance,
    came.value as share_that_came,
    chances.rows as results
from marts.model_scores as chances
inner join marts.model_scores as came
    on chances.model_id = came.model_id and chances.span = came.span and chances.scorer = came.scorer
where
    chances.is_latest
    and chances.measure = 'mean_chance'
    and came.measure = 'share_that_came'
order by chances.target, chances.value
