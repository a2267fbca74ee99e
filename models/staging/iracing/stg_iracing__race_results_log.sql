with races as (
    select * from {{ ref('stg_iracing__event_sessions_log') }}
    where is_race
),

reasons as (
    select * from {{ ref('iracing_out_reasons') }}
),

-- who sat in which car; neither the pace car nor the sim's own drivers have a customer's id
drivers as (
    select
        races.file_id,
        races.event_session_id,
        listed.driver,
        {{ json_int('listed.driver', 'CarIdx', 0) }} as car_index,
        {{ json_int('listed.driver', 'UserID', 1, 999999999) }} as cust_id,
        row_number() over (
            partition by races.event_session_id, races.file_id, {{ json_int('listed.driver', 'CarIdx', 0) }}
            order by listed.place
        ) as car_rank
    from races
    cross join lateral {{ json_rows('races.drivers') }} with ordinality as listed (driver, place)
),

lines as (
    select
        races.file_id,
        races.event_session_id,
        listed.line,
        drivers.driver,
        drivers.cust_id,
        cast(listed.line_number as integer) as line_number,
        {{ json_int('listed.line', 'Position', 1) }} as finish_position,
        row_number() over (
            partition by races.event_session_id, races.file_id, drivers.cust_id order by listed.line_number
        ) as driver_rank
    from races
    cross join
        lateral {{ json_rows("races.session -> 'ResultsPositions'") }} with ordinality as listed (line, line_number)
    inner join drivers
        on
            races.file_id = drivers.file_id
            and races.event_session_id = drivers.event_session_id
            and {{ json_int('listed.line', 'CarIdx', 0) }} = drivers.car_index
    where drivers.car_rank = 1 and drivers.cust_id is not null
)

select
    -- ids
    lines.file_id,
    lines.event_session_id,
    {{ pseudonymous_id("'driver:' || lines.cust_id") }} as entrant_id,
    {{ pseudonymous_id("'iracing:' || lines.cust_id") }} as driver_id,
    'iracing:' || {{ json_id('lines.driver', 'CarID') }} as car_id,
    'iracing:' || nullif({{ json_id('lines.driver', 'CarClassID') }}, '0') as car_class_id,
    -- strings
    {{ pseudonym(json_text('lines.driver', 'UserName'), 'Driver') }} as entrant_name,
    {{ json_text('lines.driver', 'CarNumber') }} as car_number,
    {{ json_text('lines.driver', 'CarScreenName') }} as car_name,
    {{ json_text('lines.driver', 'CarClassShortName') }} as car_class_name,
    coalesce(reasons.out_reason, lower({{ json_text('lines.line', 'ReasonOutStr') }})) as out_reason,
    case
        when reasons.out_reason_id is null
            then
                {{ json_int('lines.line', 'ReasonOutId') }}
                || coalesce(' ' || {{ json_text('lines.line', 'ReasonOutStr') }}, '')
    end as unmapped_out_reason,
    -- numerics; -1 stands for none, of an iRating 0 or 1, and places in the class count from 0
    lines.line_number,
    {{ json_int('lines.line', 'ReasonOutId') }} as out_reason_id,
    lines.finish_position,
    {{ json_int('lines.line', 'ClassPosition', 0) }} + 1 as finish_position_in_class,
    {{ json_int('lines.line', 'LapsComplete', 0) }} as laps,
    {{ json_int('lines.line', 'LapsLed', 0) }} as laps_led,
    {{ at_least(lap_time_to_ms(json_text('lines.line', 'FastestTime')), 1, 99999999) }} as best_lap_ms,
    {{ json_int('lines.line', 'FastestLap', 1) }} as best_lap_number,
    {{ json_int('lines.line', 'Incidents', 0) }} as incidents,
    {{ json_int('lines.driver', 'IRating', 2) }} as irating_before,
    {{ json_int('lines.driver', 'LicLevel', 1) }} as license_level_before,
    case
        when {{ json_int('lines.driver', 'LicLevel', 1) }} is not null
            then cast({{ json_int('lines.driver', 'LicSubLevel', 0) }} / 100.0 as numeric(6, 2))
    end as safety_rating_before,
    -- booleans
    false as is_team,
    coalesce({{ to_boolean(json_text('lines.driver', 'CarIsAI')) }}, false) as is_ai
from lines
left join reasons on {{ json_int('lines.line', 'ReasonOutId') }} = reasons.out_reason_id
where lines.driver_rank = 1 and lines.finish_position is not null
