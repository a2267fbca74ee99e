{{ config(materialized='view') }}

with pairs as (
    select * from {{ ref('int_telemetry_lap_pairs') }}
),

minisectors as (
    select * from {{ ref('lap_minisectors') }}
),

reference_minisectors as (
    select * from {{ ref('lap_minisectors') }}
)

select
    pairs.session_id,
    pairs.lap_number,
    pairs.reference_kind,
    pairs.reference_session_id,
    pairs.reference_lap_number,
    minisectors.minisector,
    minisectors.start_m,
    minisectors.end_m,
    minisectors.time_s,
    reference_minisectors.time_s as reference_time_s,
    cast(minisectors.time_s - reference_minisectors.time_s as numeric(10, 3)) as delta_s
from pairs
inner join minisectors on pairs.session_id = minisectors.session_id and pairs.lap_number = minisectors.lap_number
inner join reference_minisectors
    on
        pairs.reference_session_id = reference_minisectors.session_id
        and pairs.reference_lap_number = reference_minisectors.lap_number
        and minisectors.minisector = reference_minisectors.minisector
