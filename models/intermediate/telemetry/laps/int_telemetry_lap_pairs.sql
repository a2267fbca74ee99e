with lap_references as (
    select * from {{ ref('int_telemetry_lap_references') }}
),

laps as (
    select * from {{ ref('int_telemetry_laps_comparable') }}
),

others as (
    select * from {{ ref('int_telemetry_laps_comparable') }}
)

select
    session_id,
    lap_number,
    reference_kind,
    reference_session_id,
    reference_lap_number
from lap_references
union all
select
    laps.session_id,
    laps.lap_number,
    'asked' as reference_kind,
    others.session_id as reference_session_id,
    others.lap_number as reference_lap_number
from laps
inner join others on laps.layout_key = others.layout_key
