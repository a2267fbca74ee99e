{{ config(materialized='view') }}

with pairs as (
    select * from {{ ref('int_telemetry_lap_pairs') }}
),

traces as (
    select * from {{ ref('fct_lap_traces') }}
),

reference_traces as (
    select * from {{ ref('fct_lap_traces') }}
)

select
    pairs.session_id,
    pairs.lap_number,
    pairs.reference_kind,
    pairs.reference_session_id,
    pairs.reference_lap_number,
    traces.grid_point,
    traces.distance_m,
    traces.lap_elapsed_s,
    reference_traces.lap_elapsed_s as reference_lap_elapsed_s,
    traces.lap_elapsed_s - reference_traces.lap_elapsed_s as delta_s,
    traces.speed_kph,
    reference_traces.speed_kph as reference_speed_kph,
    traces.speed_kph - reference_traces.speed_kph as speed_delta_kph
from pairs
inner join traces on pairs.session_id = traces.session_id and pairs.lap_number = traces.lap_number
inner join reference_traces
    on
        pairs.reference_session_id = reference_traces.session_id
        and pairs.reference_lap_number = reference_traces.lap_number
        and traces.grid_point = reference_traces.grid_point
