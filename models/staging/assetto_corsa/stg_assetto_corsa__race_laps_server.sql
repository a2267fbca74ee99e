with sessions as (
    select * from {{ ref('stg_assetto_corsa__server_sessions') }}
),

entries as (
    select distinct
        file_id,
        car_place,
        entrant_id
    from {{ ref('stg_assetto_corsa__server_lines') }}
),

listed as (
    select
        sessions.file_id,
        sessions.event_session_id,
        laps.lap,
        cast(laps.line_number as integer) as line_number,
        {{ at_least(to_bigint(json_text('laps.lap', 'Timestamp')), 1, 999999999999) }} as ended_at_ms,
        coalesce({{ json_id('laps.lap', 'CarId') }}, 'unknown') as car_place,
        coalesce({{ json_id('laps.lap', 'DriverGuid') }}, 'name:' || {{ json_text('laps.lap', 'DriverName') }})
            as driver_key
    from sessions
    cross join lateral {{ json_rows("sessions.session -> 'Laps'") }} with ordinality as laps (lap, line_number)
),

-- a car has another driver when somebody takes the place of one who left; each drives from lap 1
first_laps as (
    select
        *,
        min(line_number) over (partition by file_id, car_place, driver_key) as first_line_number
    from listed
),

numbered as (
    select
        *,
        -- the server's clock does not start with the session
        cast(
            {{ at_least('ended_at_ms - min(ended_at_ms) over (partition by file_id)', 0, 999999999) }} as integer
        ) as session_time_ms,
        dense_rank() over (partition by file_id, car_place order by first_line_number) as driver_number,
        cast(
            row_number() over (partition by file_id, car_place, driver_key order by line_number) as integer
        ) as lap_number,
        {{ pseudonymous_id("'driver:' || driver_key") }} as entrant_id,
        {{ pseudonymous_id("'assetto_corsa:' || driver_key") }} as driver_id
    from first_laps
)

select
    numbered.file_id,
    numbered.event_session_id,
    numbered.car_place || '-' || numbered.driver_number as entry_id,
    numbered.car_place,
    numbered.entrant_id,
    numbered.driver_id,
    numbered.line_number,
    numbered.lap_number,
    0 as driver_index,
    {{ json_int('numbered.lap', 'LapTime', 1, 99999999) }} as lap_time_ms,
    {{ at_least(to_int("numbered.lap -> 'Sectors' ->> 0"), 1, 99999999) }} as sector_1_ms,
    {{ at_least(to_int("numbered.lap -> 'Sectors' ->> 1"), 1, 99999999) }} as sector_2_ms,
    {{ at_least(to_int("numbered.lap -> 'Sectors' ->> 2"), 1, 99999999) }} as sector_3_ms,
    numbered.session_time_ms,
    {{ json_text('numbered.lap', 'Tyre') }} as tyre_compound_front,
    {{ json_text('numbered.lap', 'Tyre') }} as tyre_compound_rear,
    -- the server's own best lap leaves out laps with cuts
    {{ json_int('numbered.lap', 'Cuts', 0) }} = 0 as is_valid,
    false as is_formation_lap,
    entries.file_id is not null as is_known_entry
from numbered
left join entries
    on numbered.file_id = entries.file_id
        and numbered.car_place = entries.car_place
        and numbered.entrant_id = entries.entrant_id
