{{ config(materialized='view') }}

select * from {{ ref('int_telemetry_laps_classified') }}
