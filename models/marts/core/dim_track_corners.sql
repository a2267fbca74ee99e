{{ config(
    materialized='incremental',
    incremental_strategy='upsert',
    unique_key=['layout_key', 'corner_number'],
    on_schema_change='fail',
) }}

-- Apart from what they are made of, because rows that are to go stay here until the facts that name them have gone.
select * from {{ ref('int_track_corners') }}
