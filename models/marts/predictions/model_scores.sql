{{ config(materialized='view') }}

with models as (
    select * from {{ source('ops', 'models') }}
)

select
    models.model_id,
    scores.span,
    scores.scorer,
    scores.measure,
    models.target,
    scores.value,
    scores.rows,
    models.verdict is null as is_published,
    models.verdict,
    row_number() over (
        partition by models.target, scores.span, scores.scorer, scores.measure
        order by models.trained_at desc, models.model_id asc
    ) = 1 as is_latest,
    models.trained_at
from models
cross join lateral jsonb_to_recordset(models.scores) as scores (
    span text, scorer text, measure text, value double precision, rows integer
)
