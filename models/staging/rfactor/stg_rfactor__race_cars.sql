with document_sessions as (
    select * from {{ ref('stg_rfactor__document_sessions') }}
),

-- No joins from here on: PostgreSQL expects one row of what it unpacks, and would compare every car with every other
cars as (
    select
        document_sessions.file_id,
        document_sessions.event_session_id,
        document_sessions.sim,
        document_sessions.is_race,
        cars.child as car,
        {{ xml_texts('cars.child') }} as texts,
        cars.place
    from document_sessions
    cross join lateral {{ xml_children('document_sessions.session', 'Driver') }} as cars
),

numbered as (
    select
        *,
        {{ json_id('texts', 'CarNumber') }} as car_number,
        cast(row_number() over (partition by file_id, event_session_id order by place) as integer) as line_number
    from cars
),

-- a car number that occurs twice belongs to the first car
entries as (
    select
        *,
        coalesce(
            case
                when row_number() over (partition by file_id, event_session_id, car_number order by line_number) = 1
                    then car_number
            end,
            'line-' || line_number
        ) as entry_id
    from numbered
),

crewed as (
    select
        entries.*,
        crews.crew,
        {{ json_text('entries.texts', 'Name') }} as car_driver_name
    from entries
    -- who drove when, where drivers changed; a change can name nobody
    left join lateral (
        select
            jsonb_agg(
                jsonb_build_object('driver_name', drivers.driver_name, 'stints', drivers.stints)
                order by drivers.place
            ) as crew
        from (
            select
                stints.driver_name,
                jsonb_agg(jsonb_build_array(stints.first_lap, stints.last_lap) order by stints.place) as stints,
                min(stints.place) as place
            from (
                select
                    {{ blank_to_null(short_text(xml_text('swaps.child'))) }} as driver_name,
                    {{ at_least(to_int("swaps.child -> 'attributes' ->> 'startLap'"), 0) }} as first_lap,
                    {{ at_least(to_int("swaps.child -> 'attributes' ->> 'endLap'"), 0) }} as last_lap,
                    swaps.place
                from {{ xml_children('entries.car', 'Swap') }} as swaps
            ) as stints
            where stints.driver_name is not null
            group by stints.driver_name
        ) as drivers
    ) as crews on true
)

select
    file_id,
    event_session_id,
    sim,
    entry_id,
    line_number,
    car_number,
    coalesce(crew, jsonb_build_array(jsonb_build_object('driver_name', car_driver_name))) as crew,
    car,
    texts,
    is_race,
    coalesce(jsonb_array_length(crew) > 1, false) as is_shared,
    -- the flag isPlayer is not what it says
    not coalesce(
        (
            select bool_or(coalesce({{ xml_text('controls.child') }} like '%PlayerControl%', false))
            from {{ xml_children('crewed.car', 'ControlAndAids') }} as controls
        ),
        true
    ) as is_ai
from crewed
