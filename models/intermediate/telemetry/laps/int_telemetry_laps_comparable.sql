with laps as (
    select * from {{ ref('int_telemetry_laps_classified') }}
    where is_trace_eligible
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

cars as (
    select * from {{ ref('int_cars') }}
)

select
    laps.session_id,
    laps.lap_number,
    layouts.layout_key,
    -- a car without a known class is its own class; a car without a name is compared with itself
    coalesce(
        {{ car_class_key('sessions.sim', 'cars.car_class_name', 'sessions.car_id') }},
        'session:' || cast(sessions.session_id as {{ dbt.type_string() }})
    ) as car_class_key,
    sessions.driver_id,
    sessions.car_id,
    laps.lap_time_s,
    laps.is_pace_eligible,
    laps.session_started_at
from laps
inner join sessions on laps.session_id = sessions.session_id
inner join layouts on laps.session_id = layouts.session_id
left join cars on sessions.car_id = cars.car_id
