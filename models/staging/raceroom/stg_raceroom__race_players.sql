with document_sessions as (
    select * from {{ ref('stg_raceroom__document_sessions') }}
),

players as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        players.player,
        cast(players.line_number as integer) as line_number,
        nullif({{ json_id('players.player', 'UserId') }}, '0') as user_id,
        coalesce({{ json_text('players.player', 'FullName') }}, {{ json_text('players.player', 'Username') }})
            as driver_name,
        {{ json_text('players.player', 'Username') }} as user_name
    from document_sessions
    cross join
        lateral
        {{ json_rows("document_sessions.session -> 'Players'") }} with ordinality as players (player, line_number)
),

-- old files have no ids, and some drivers no user name
keyed as (
    select
        *,
        coalesce(user_id, 'name:' || coalesce(user_name, driver_name)) as driver_key
    from players
)

select
    file_id,
    event_session_id,
    {{ pseudonymous_id("'driver:' || driver_key") }} as entrant_id,
    {{ pseudonymous_id("'raceroom:' || driver_key") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    line_number,
    player
from keyed
