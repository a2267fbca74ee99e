-- Each model on the test races, or laps, that it never saw: its error, the best baseline's, how often intervals held.
select
    scores.target,
    max(scores.value) filter (where scores.scorer = 'model') as error,
    min(scores.value) filter (
        where scores.scorer <> 'model' and scores.measure in ('mean_absolute_error', 'brier_score')
    ) as baseline_error,
    max(scores.value) filter (where scores.scorer = 'all drivers' and scores.measure = 'coverage') as coverage,
    max(scores.value) filter (where scores.measure = 'coverage_meant') as coverage_meant,
    max(scores.rows) filter (where scores.scorer = 'model') as results,
    case when scores.is_published then 'yes' else 'no' end as published
from marts.model_scores as scores
where
    scores.span = 'test'
    and scores.model_id in (
        select latest.model_id from marts.model_scores as latest
        where latest.is_latest and latest.span = 'validation' and latest.scorer = 'model'
    )
group by scores.target, scores.is_published
order by scores.target
