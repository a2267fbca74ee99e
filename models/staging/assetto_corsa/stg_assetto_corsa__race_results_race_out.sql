with players as (
    select * from {{ ref('stg_assetto_corsa__players_race_out') }}
),

sessions as (
    select * from {{ ref('stg_assetto_corsa__race_out_sessions') }}
),

-- the game gives no total: it is there when every lap has a time
driven as (
    select
        file_id,
        event_session_id,
        car_number,
        cast(count(*) as integer) as laps,
        cast(
            case
                when count(lap_time_ms) = count(*) and sum(lap_time_ms) < 100000000 then sum(lap_time_ms)
            end as integer
        ) as total_time_ms,
        min(case when coalesce(is_valid, true) then lap_time_ms end) as best_lap_ms,
        -- of valid laps alone, or of laps whose cuts nobody counted
        bool_or(case when lap_time_ms is not null and is_valid then true end) as is_best_lap_valid
    from {{ ref('stg_assetto_corsa__race_laps_race_out') }}
    group by file_id, event_session_id, car_number
),

-- old files list no laps outside of a race, and wrong best laps in one
listed_best_laps as (
    select
        sessions.file_id,
        sessions.event_session_id,
        {{ json_int('best_laps.best', 'car', 0) }} as car_number,
        {{ json_int('best_laps.best', 'time', 1, 99999999) }} as best_lap_ms
    from sessions
    cross join lateral {{ json_rows("sessions.session -> 'bestLaps'") }} as best_laps (best)
    where not sessions.is_race
),

best_laps as (
    select
        file_id,
        event_session_id,
        car_number,
        min(best_lap_ms) as best_lap_ms
    from listed_best_laps
    group by file_id, event_session_id, car_number
),

-- cars in finishing order; a car that stands there twice has its first place
listed_places as (
    select
        sessions.file_id,
        sessions.event_session_id,
        {{ at_least(to_int("places.car #>> '{}'"), 0) }} as car_number,
        places.place
    from sessions
    cross join lateral {{ json_rows("sessions.session -> 'raceResult'") }} with ordinality as places (car, place)
    where sessions.is_race
),

places as (
    select
        file_id,
        event_session_id,
        car_number,
        cast(min(place) as integer) as place
    from listed_places
    group by file_id, event_session_id, car_number
),

entries as (
    select
        players.*,
        places.place,
        coalesce(
            driven.laps, {{ at_least(to_int("players.session -> 'lapstotal' ->> players.car_number"), 0) }}
        ) as laps,
        case when players.is_race then driven.total_time_ms end as race_time_ms,
        coalesce(driven.best_lap_ms, best_laps.best_lap_ms) as best_lap_ms,
        driven.is_best_lap_valid
    from players
    left join places
        on players.file_id = places.file_id
            and players.event_session_id = places.event_session_id
            and players.car_number = places.car_number
    left join driven
        on players.file_id = driven.file_id
            and players.event_session_id = driven.event_session_id
            and players.car_number = driven.car_number
    left join best_laps
        on players.file_id = best_laps.file_id
            and players.event_session_id = best_laps.event_session_id
            and players.car_number = best_laps.car_number
),

-- only a race is given in an order: the others are in that of the best laps, and who has none has no place
placed as (
    select
        *,
        case
            when is_race then place
            when best_lap_ms is not null
                then
                    cast(
                        rank() over (
                            partition by file_id, event_session_id order by best_lap_ms asc nulls last, line_number asc
                        ) as integer
                    )
        end as finish_position
    from entries
)

select
    -- ids
    placed.file_id,
    placed.event_session_id,
    placed.entrant_id,
    placed.driver_id,
    'assetto_corsa:' || {{ json_text('placed.player', 'car') }} as car_id,
    -- strings
    placed.driver_name as entrant_name,
    {{ json_text('placed.player', 'car') }} as car_name,
    -- the sim does not say who saw the flag
    case when placed.laps = 0 and placed.is_race then 'did not start' end as out_reason,
    -- numerics
    placed.line_number,
    placed.finish_position,
    placed.laps,
    placed.laps as counted_laps,
    placed.race_time_ms,
    placed.best_lap_ms,
    -- booleans
    placed.is_best_lap_valid,
    false as is_team,
    placed.is_ai
from placed
