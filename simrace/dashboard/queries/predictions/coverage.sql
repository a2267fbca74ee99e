-- Each model on the test races, or laps, that it never saw: its error, the best baseline's, how often intervals held.
select
    target,
    max(value) filter (where scorer = 'model') as error,
    min(value) filter (where scorer <> 'model' and measure in ('mean_absolute_error', 'brier_score')) as baseline_error,
    max(value) filter (where scorer = 'all drivers' and measure = 'coverage') as coverage,
    max(value) filter (where measure = 'coverage_meant') as coverage_meant,
    max(rows) filter (where scorer = 'model') as results,
    case when is_published then 'yes' else 'no' end as published
from marts.model_scores
where is_latest and span = 'test'
group by target, is_published
order by target
