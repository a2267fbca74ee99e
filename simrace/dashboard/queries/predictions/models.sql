-- Errors of the latest model of each target beside those of its baselines, and how often its intervals held.
select
    target,
    case span when 'validation' then 'Validation' else 'Test' end as span,
    scorer,
    measure,
    value,
    rows as results,
    is_published,
    verdict,
    trained_at
from marts.model_scores
where
    is_latest
    and span in ('validation', 'test')
    and measure in ('mean_absolute_error', 'brier_score', 'coverage')
order by target asc, span desc, measure asc, case scorer when 'model' then 0 else 1 end asc, scorer asc
