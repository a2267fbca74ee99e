{{ config(materialized='view') }}

select
    channel,
    unit,
    description,
    expression
from {{ ref('math_channels') }}
