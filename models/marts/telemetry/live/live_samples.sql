{{ config(materialized='view') }}

with samples as (
    select * from {{ ref('int_live_samples') }}
)

select * from samples
