with document_sessions as (
    select * from {{ ref('stg_acc__document_sessions') }}
),

-- the lines are in finishing order and hold no place
lines as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        lines.line,
        lines.line -> 'car' as car,
        cast(lines.line_number as integer) as finish_position,
        {{ json_id("lines.line -> 'car'", 'carId') }} as car_number
    from document_sessions
    cross join
        lateral
        {{ json_rows("document_sessions.result -> 'leaderBoardLines'") }} with ordinality as lines (line, line_number)
),

-- a car number that occurs twice belongs to the first car
entries as (
    select
        file_id,
        event_session_id,
        line,
        car,
        finish_position,
        coalesce(
            case
                when row_number() over (partition by file_id, car_number order by finish_position) = 1 then car_number
            end,
            'line-' || finish_position
        ) as entry_id
    from lines
),

drivers as (
    select
        entries.file_id,
        entries.event_session_id,
        entries.entry_id,
        entries.line,
        entries.car,
        entries.finish_position,
        cast(drivers.driver_number - 1 as integer) as driver_index,
        {{ json_id('drivers.driver', 'playerId') }} as player_id,
        -- a name may run over two lines
        {{ blank_to_null(
            "regexp_replace(concat_ws(' ', " ~ json_text('drivers.driver', 'firstName') ~ ", "
            ~ json_text('drivers.driver', 'lastName') ~ "), '[[:space:]]+', ' ', 'g')"
        ) }} as driver_name
    from entries
    -- a car without drivers is a line too
    left join
        lateral
        {{ json_rows("entries.car -> 'drivers'") }} with ordinality as drivers (driver, driver_number)
        on true
),

keyed as (
    select
        *,
        case
            when driver_index is null then null
            when player_id = '0' then '0:' || entry_id || ':' || driver_index
            else
                coalesce(
                    player_id,
                    'name:' || driver_name,
                    'entry:' || entry_id || ':' || driver_index
                )
        end as driver_key
    from drivers
)

select
    file_id,
    event_session_id,
    entry_id,
    {{ pseudonymous_id("'driver:' || driver_key") }} as entrant_id,
    case when player_id = '0' then 'acc:0' else {{ pseudonymous_id("'acc:' || driver_key") }} end as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    driver_index,
    finish_position,
    line,
    car,
    coalesce(player_id = '0', false) as is_ai
from keyed
