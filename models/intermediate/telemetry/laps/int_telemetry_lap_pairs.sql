with lap_references as (
    select * from {{ ref('int_telemetry_lap_references') }}
),

laps as (
    select * from {{ ref('int_telemetry_laps_classified') }}
    where is_trace_eligible
),

layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

-- once more, because what is named twice is worked out whole before it is looked at
others as (
    select * from {{ ref('int_telemetry_laps_classified') }}
    where is_trace_eligible
),

other_layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
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
inner join layouts on laps.session_id = layouts.session_id
inner join other_layouts on layouts.layout_key = other_layouts.layout_key
inner join others on other_layouts.session_id = others.session_id
