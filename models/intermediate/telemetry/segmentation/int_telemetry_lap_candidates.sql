{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

with samples as (
    select * from {{ ref('int_telemetry_samples') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_sessions'), 'session_id')) }}
),

clocked as (
    select
        session_id,
        elapsed_s,
        lap_number,
        lap_distance_ratio,
        lap_distance_m,
        lag(elapsed_s) over clock as previous_elapsed_s,
        lag(lap_number) over clock as previous_lap_number,
        lag(lap_distance_ratio) over clock as previous_ratio,
        lag(lap_distance_m) over clock as previous_lap_distance_m,
        max(lap_distance_m) over whole as longest_lap_distance_m,
        count(coalesce(lap_distance_ratio, lap_distance_m)) over whole > 0 as has_lap_distance
    from samples
    window
        clock as (partition by session_id order by elapsed_s),
        whole as (partition by session_id)
)

select
    session_id,
    elapsed_s,
    previous_elapsed_s,
    lap_number,
    previous_lap_number,
    lap_distance_ratio,
    previous_ratio,
    lap_distance_m,
    previous_lap_distance_m,
    longest_lap_distance_m,
    has_lap_distance
from clocked
where
    previous_elapsed_s is null
    or lap_number is distinct from previous_lap_number
    or lap_distance_ratio < previous_ratio
    or lap_distance_m < previous_lap_distance_m
