-- Errors of the latest model of each target beside those of its baselines, and by how much it is ahead of each.
select
    errors.target,
    case errors.span when 'validation' then 'Validation' else 'Test' end as span,
    errors.scorer,
    errors.measure,
    errors.value,
    leads.value as lead,
    luck.value as luck,
    errors.rows as results,
    errors.is_published,
    errors.verdict
from marts.model_scores as errors
left join marts.model_scores as leads
    on
        errors.model_id = leads.model_id
        and errors.span = leads.span
        and errors.scorer = leads.scorer
        and leads.measure = 'lead'
left join marts.model_scores as luck
    on
        errors.model_id = luck.model_id
        and errors.span = luck.span
        and errors.scorer = luck.scorer
        and luck.measure = 'luck'
where
    errors.model_id in (
        select latest.model_id from marts.model_scores as latest
        where latest.is_latest and latest.span = 'validation' and latest.scorer = 'model'
    )
    and errors.span in ('validation', 'test')
    and errors.measure in ('mean_absolute_error', 'brier_score')
order by errors.target asc, errors.span desc, case errors.scorer when 'model' then 0 else 1 end asc, errors.scorer asc
