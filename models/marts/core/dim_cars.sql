{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key=['car_id'],
) }}

select * from {{ ref('int_cars') }}
