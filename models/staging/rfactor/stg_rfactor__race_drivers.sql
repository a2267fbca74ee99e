with race_sessions as (
    select * from {{ ref('stg_rfactor__document_sessions') }}
    where is_race
),

cars as (
    select
        race_sessions.file_id,
        race_sessions.event_session_id as race_id,
        race_sessions.sim,
        cars.child as car,
        {{ xml_texts('cars.child') }} as texts,
        cast(row_number() over (
            partition by race_sessions.file_id, race_sessions.event_session_id order by cars.place
        ) as integer) as line_number
    from race_sessions
    cross join lateral {{ xml_children('race_sessions.session', 'Driver') }} as cars
),

controls as (
    select
        cars.file_id,
        cars.race_id,
        cars.line_number,
        bool_or(coalesce({{ xml_text('controls.child') }} like '%PlayerControl%', false)) as is_driven
    from cars
    cross join lateral {{ xml_children('cars.car', 'ControlAndAids') }} as controls
    group by cars.file_id, cars.race_id, cars.line_number
),

-- a car number that occurs twice belongs to the first car
entries as (
    select
        cars.*,
        coalesce(
            case
                when
                    row_number() over (
                        partition by cars.file_id, cars.race_id, {{ json_id('cars.texts', 'CarNumber') }}
                        order by cars.line_number
                    ) = 1
                    then {{ json_id('cars.texts', 'CarNumber') }}
            end,
            'line-' || cars.line_number
        ) as entry_id,
        -- the flag isPlayer is not what it says
        not coalesce(controls.is_driven, true) as is_ai
    from cars
    left join controls
        on cars.file_id = controls.file_id
            and cars.race_id = controls.race_id
            and cars.line_number = controls.line_number
),

-- who drove when, where drivers changed; some changes name nobody
stints as (
    select
        entries.file_id,
        entries.race_id,
        entries.line_number,
        {{ blank_to_null(short_text(xml_text('swaps.child'))) }} as driver_name,
        {{ at_least(to_int("swaps.child -> 'attributes' ->> 'startLap'"), 0) }} as first_lap,
        {{ at_least(to_int("swaps.child -> 'attributes' ->> 'endLap'"), 0) }} as last_lap,
        swaps.place
    from entries
    cross join lateral {{ xml_children('entries.car', 'Swap') }} as swaps
),

crews as (
    select
        file_id,
        race_id,
        line_number,
        driver_name,
        jsonb_agg(jsonb_build_array(first_lap, last_lap) order by place) as stints,
        min(place) as place
    from stints
    where driver_name is not null
    group by file_id, race_id, line_number, driver_name
),

drivers as (
    select
        entries.*,
        coalesce(crews.driver_name, {{ json_text('entries.texts', 'Name') }}) as driver_name,
        crews.stints,
        cast(row_number() over (
            partition by entries.file_id, entries.race_id, entries.line_number order by crews.place
        ) - 1 as integer) as driver_index,
        count(*) over (partition by entries.file_id, entries.race_id, entries.line_number) > 1 as is_shared
    from entries
    left join crews
        on entries.file_id = crews.file_id
            and entries.race_id = crews.race_id
            and entries.line_number = crews.line_number
)

-- the files have names and no ids of people
select
    file_id,
    race_id,
    sim,
    entry_id,
    {{ pseudonymous_id("'driver:name:' || driver_name") }} as entrant_id,
    {{ pseudonymous_id("sim || ':name:' || driver_name") }} as driver_id,
    {{ pseudonym('driver_name', 'Driver') }} as driver_name,
    line_number,
    driver_index,
    stints,
    car,
    texts,
    is_shared,
    is_ai
from drivers
