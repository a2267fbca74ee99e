with sessions as (
    select * from {{ ref('stg_assetto_corsa__server_sessions') }}
),

lines as (
    select
        sessions.file_id,
        sessions.event_session_id,
        sessions.is_race,
        lines.line,
        cast(lines.line_number as integer) as line_number,
        {{ json_id('lines.line', 'CarId') }} as car_place,
        {{ json_id('lines.line', 'DriverGuid') }} as guid,
        {{ json_text('lines.line', 'DriverName') }} as driver_name,
        {{ json_id('lines.line', 'TotalTime') }} as total_time
    from sessions
    cross join lateral {{ json_rows("sessions.session -> 'Result'") }} with ordinality as lines (line, line_number)
),

keyed as (
    select
        *,
        coalesce(guid, 'name:' || driver_name) as driver_key
    from lines
    -- a place of the entry list that nobody took is no entry
    where
        jsonb_typeof(line) <> 'object'
        or guid is not null
        or driver_name is not null
        or coalesce(total_time, '0') <> '0'
)

select
    file_id,
    event_session_id,
    car_place,
    {{ pseudonymous_id("'driver:' || driver_key") }} as entrant_id,
    {{ pseudonymous_id("'assetto_corsa:' || driver_key") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    line_number,
    line,
    is_race
from keyed
