with race_sessions as (
    select * from {{ ref('stg_raceroom__document_sessions') }}
    where is_race
),

players as (
    select
        race_sessions.file_id,
        race_sessions.event_session_id as race_id,
        players.player,
        cast(players.line_number as integer) as line_number,
        nullif({{ json_id('players.player', 'UserId') }}, '0') as user_id,
        coalesce({{ json_text('players.player', 'FullName') }}, {{ json_text('players.player', 'Username') }})
            as driver_name,
        {{ json_text('players.player', 'Username') }} as user_name
    from race_sessions
    cross join
        lateral
        {{ json_rows("race_sessions.session -> 'Players'") }} with ordinality as players (player, line_number)
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
    race_id,
    {{ pseudonymous_id("'driver:' || driver_key") }} as entrant_id,
    {{ pseudonymous_id("'raceroom:' || driver_key") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    line_number,
    player
from keyed
