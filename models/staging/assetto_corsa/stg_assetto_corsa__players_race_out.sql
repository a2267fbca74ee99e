with sessions as (
    select * from {{ ref('stg_assetto_corsa__race_out_sessions') }}
),

listed as (
    select
        sessions.file_id,
        sessions.event_session_id,
        sessions.is_race,
        sessions.is_offline,
        sessions.session,
        players.player,
        cast(players.line_number as integer) as line_number,
        {{ json_text('players.player', 'name') }} as driver_name
    from sessions
    cross join
        lateral
        {{ json_rows("sessions.event -> 'players'") }} with ordinality as players (player, line_number)
)

select
    file_id,
    event_session_id,
    {{ pseudonymous_id("'driver:name:' || driver_name") }} as entrant_id,
    {{ pseudonymous_id("'assetto_corsa:name:' || driver_name") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    line_number,
    line_number - 1 as car_number,
    player,
    session,
    is_race,
    -- the first is who sits at the computer
    is_offline and line_number > 1 as is_ai
from listed
-- a place that nobody took has no name
where driver_name is not null
