{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_layouts',
    goes_with='traces',
) }}

select
    session_id,
    piece_number,
    min(elapsed_s) as first_elapsed_s,
    max(placed_share) as placed_share
from {{ ref('int_telemetry_places') }}
where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_layouts'), 'session_id')) }}
group by session_id, piece_number
