-- How well does the published iRating formula foretell what the sim gave?
-- One row per race and class: points given beside points the formula estimates. Whole fields of official races should
-- be within a few points; a large max_absolute_residual means that the file does not hold the whole race, or a rule
-- that the formula lacks.
with audited as (
    select * from {{ ref('rating_audit_classes') }}
),

fields as (
    select * from {{ ref('fct_race_fields') }}
)

select
    audited.race_id,
    fields.car_class_name,
    audited.class_starters,
    audited.rated_drivers,
    fields.strength_of_field,
    audited.irating_change_sum,
    round(audited.mean_absolute_residual, 2) as mean_absolute_residual,
    round(audited.max_absolute_residual, 2) as max_absolute_residual,
    audited.is_official,
    audited.is_whole_field
from audited
inner join fields on audited.race_id = fields.race_id and audited.car_class_id = fields.car_class_id
where audited.mean_absolute_residual is not null
order by audited.mean_absolute_residual desc
