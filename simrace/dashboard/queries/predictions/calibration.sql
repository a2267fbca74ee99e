-- What was said of the test races, or laps, in fifths, beside what came, and how often intervals of each fifth held.
select
    said.target,
    said.scorer as bin,
    said.value as mean_said,
    came.value as mean_that_came,
    held.value as coverage,
    meant.value as coverage_meant,
    said.rows as results
from marts.model_scores as said
inner join marts.model_scores as came
    on
        said.model_id = came.model_id
        and said.span = came.span
        and said.scorer = came.scorer
        and came.measure = 'mean_that_came'
left join marts.model_scores as held
    on
        said.model_id = held.model_id
        and said.span = held.span
        and said.scorer = held.scorer
        and held.measure = 'coverage'
left join marts.model_scores as meant
    on said.model_id = meant.model_id and said.span = meant.span and meant.measure = 'coverage_meant'
where
    said.measure = 'mean_said'
    and said.model_id in (
        select latest.model_id from marts.model_scores as latest
        where latest.is_latest and latest.span = 'validation' and latest.scorer = 'model'
    )
order by said.target, said.value
