{{ config(materialized='view') }}

with said as (
    select * from {{ source('ops', 'predicted') }}
),

models as (
    select * from {{ source('ops', 'models') }}
),

drivers as (
    select driver_id from {{ ref('dim_drivers') }}
),

races as (
    select
        race_id,
        green_flag_at
    from {{ ref('dim_races') }}
)

select
    said.model_id,
    said.race_key,
    said.entry_key,
    said.race_id,
    said.driver_id,
    said.layout_id,
    said.license_category_id,
    models.target,
    said.value,
    said.low,
    said.high,
    said.made_by,
    -- what a model says of a race that it learned from is no prediction
    coalesce(races.green_flag_at, said.starts_at, said.predicted_at) > models.learned_until as is_unseen,
    said.starts_at,
    said.predicted_at
from said
inner join models on said.model_id = models.model_id
left join races on said.race_id = races.race_id
left join drivers on said.driver_id = drivers.driver_id
-- who was forgotten, or is published as a pseudonym since, is in no mart
where said.driver_id is null or drivers.driver_id is not null
