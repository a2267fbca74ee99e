{{ config(materialized='view') }}

with forecasts as (
    select * from {{ source('ops', 'rating_forecasts') }}
),

drivers as (
    select driver_id from {{ ref('dim_drivers') }}
)

select
    forecasts.driver_id,
    forecasts.license_category_id,
    forecasts.races_ahead,
    forecasts.irating,
    forecasts.expected_irating,
    forecasts.low_irating,
    forecasts.high_irating,
    forecasts.error,
    forecasts.naive_error,
    forecasts.better_share,
    forecasts.coverage,
    forecasts.cases,
    forecasts.as_of
from forecasts
-- who was forgotten, or is published as a pseudonym since, is in no mart
inner join drivers on forecasts.driver_id = drivers.driver_id
