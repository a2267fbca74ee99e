with cars as (
    select * from {{ ref('stg_rfactor__race_cars') }}
),

laps as (
    select
        cars.file_id,
        cars.event_session_id,
        cars.sim,
        cars.entry_id,
        cars.crew,
        cars.is_shared,
        laps.child -> 'attributes' as attributes,
        {{ xml_text('laps.child') }} as lap_time,
        {{ at_least(to_int("laps.child -> 'attributes' ->> 'num'"), 1) }} as told_number,
        cast(row_number() over (
            partition by cars.file_id, cars.event_session_id, cars.entry_id order by laps.place
        ) as integer) as line_number
    from cars
    cross join lateral {{ xml_children('cars.car', 'Lap') }} as laps
),

repeated as (
    select
        *,
        told_number is null
        or row_number() over (
            partition by file_id, event_session_id, entry_id, told_number order by line_number
        ) > 1 as is_repeated
    from laps
),

numbered as (
    select
        *,
        case
            when bool_or(is_repeated) over (partition by file_id, event_session_id, entry_id) then line_number
            else told_number
        end as lap_number
    from repeated
),

-- two drivers of one lap: who drove it to its end counts
driven as (
    select
        numbered.*,
        case when numbered.is_shared then drivers.driver_index else 0 end as driver_index
    from numbered
    left join lateral (
        select cast(crew.place - 1 as integer) as driver_index
        from {{ json_rows('numbered.crew') }} with ordinality as crew (driver, place)
        cross join lateral {{ json_rows("crew.driver -> 'stints'") }} as stints (stint)
        where numbered.lap_number between cast(stints.stint ->> 0 as integer) and cast(stints.stint ->> 1 as integer)
        order by cast(stints.stint ->> 0 as integer) desc, cast(stints.stint ->> 1 as integer) desc, crew.place
        limit 1
    ) as drivers on true
),

named as (
    select
        *,
        {{ json_text("crew -> driver_index", 'driver_name') }} as driver_name,
        {{ rfactor_ms('lap_time') }} as lap_time_ms,
        {{ rfactor_ms("attributes ->> 'et'") }} as began_at_ms
    from driven
)

select
    file_id,
    event_session_id,
    entry_id,
    {{ pseudonymous_id("'driver:name:' || driver_name") }} as entrant_id,
    {{ pseudonymous_id("sim || ':name:' || driver_name") }} as driver_id,
    line_number,
    lap_number,
    driver_index,
    lap_time_ms,
    {{ rfactor_ms("attributes ->> 's1'") }} as sector_1_ms,
    {{ rfactor_ms("attributes ->> 's2'") }} as sector_2_ms,
    {{ rfactor_ms("attributes ->> 's3'") }} as sector_3_ms,
    -- a lap ends when the next begins, even if its time did not count
    coalesce(
        case when lead(lap_number) over car_laps = lap_number + 1 then lead(began_at_ms) over car_laps end,
        began_at_ms + lap_time_ms
    ) as session_time_ms,
    {{ at_least(to_int("attributes ->> 'p'"), 1) }} as position_after_lap,
    {{ rfactor_compound("attributes ->> 'fcompound'") }} as tyre_compound_front,
    {{ rfactor_compound("attributes ->> 'rcompound'") }} as tyre_compound_rear,
    {{ rfactor_fraction("attributes ->> 'twfl'") }} as tyre_tread_front_left_fraction,
    {{ rfactor_fraction("attributes ->> 'twfr'") }} as tyre_tread_front_right_fraction,
    {{ rfactor_fraction("attributes ->> 'twrl'") }} as tyre_tread_rear_left_fraction,
    {{ rfactor_fraction("attributes ->> 'twrr'") }} as tyre_tread_rear_right_fraction,
    {{ rfactor_fraction("attributes ->> 'fuel'") }} as fuel_fraction,
    {{ rfactor_fraction("attributes ->> 'fuelUsed'", -1) }} as fuel_used_fraction,
    {{ rfactor_fraction("attributes ->> 've'") }} as virtual_energy_fraction,
    {{ rfactor_fraction("attributes ->> 'veUsed'", -1) }} as virtual_energy_used_fraction,
    coalesce(attributes ->> 'pit' = '1', false) as is_pit_lap,
    is_shared,
    false as is_formation_lap,
    true as is_known_entry
from named
window car_laps as (partition by file_id, event_session_id, entry_id order by lap_number)
