{{ config(materialized='view') }}

select * from {{ ref('int_telemetry_lap_traces') }}
