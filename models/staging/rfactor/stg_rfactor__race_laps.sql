with drivers as (
    select * from {{ ref('stg_rfactor__race_drivers') }}
),

-- driver 0 stands for the car
laps as (
    select
        drivers.file_id,
        drivers.race_id,
        drivers.entry_id,
        drivers.is_shared,
        laps.child -> 'attributes' as attributes,
        {{ xml_text('laps.child') }} as time,
        {{ at_least(to_int("laps.child -> 'attributes' ->> 'num'"), 1) }} as told_number,
        cast(row_number() over (
            partition by drivers.file_id, drivers.race_id, drivers.entry_id order by laps.place
        ) as integer) as line_number
    from drivers
    cross join lateral {{ xml_children('drivers.car', 'Lap') }} as laps
    where drivers.driver_index = 0
),

numberings as (
    select
        file_id,
        race_id,
        entry_id,
        count(distinct told_number) = count(*) as is_numbered
    from laps
    group by file_id, race_id, entry_id
),

numbered as (
    select
        laps.*,
        case when numberings.is_numbered then laps.told_number else laps.line_number end as lap_number
    from laps
    inner join numberings
        on laps.file_id = numberings.file_id
            and laps.race_id = numberings.race_id
            and laps.entry_id = numberings.entry_id
),

stints as (
    select
        drivers.file_id,
        drivers.race_id,
        drivers.entry_id,
        drivers.driver_index,
        cast(stints.stint ->> 0 as integer) as first_lap,
        cast(stints.stint ->> 1 as integer) as last_lap
    from drivers
    cross join lateral {{ json_rows('drivers.stints') }} as stints (stint)
    where drivers.is_shared
),

-- two drivers of one lap: who drove it to its end counts
driven as (
    select
        numbered.file_id,
        numbered.race_id,
        numbered.entry_id,
        numbered.line_number,
        (
            array_agg(stints.driver_index order by stints.first_lap desc, stints.last_lap desc, stints.driver_index)
        )[1] as driver_index
    from numbered
    inner join stints
        on numbered.file_id = stints.file_id
            and numbered.race_id = stints.race_id
            and numbered.entry_id = stints.entry_id
            and numbered.lap_number between stints.first_lap and stints.last_lap
    group by numbered.file_id, numbered.race_id, numbered.entry_id, numbered.line_number
)

select
    numbered.file_id,
    numbered.race_id,
    numbered.entry_id,
    drivers.entrant_id,
    drivers.driver_id,
    numbered.line_number,
    numbered.lap_number,
    case when numbered.is_shared then driven.driver_index else 0 end as driver_index,
    {{ rfactor_ms('numbered.time') }} as lap_time_ms,
    {{ rfactor_ms("numbered.attributes ->> 's1'") }} as sector_1_ms,
    {{ rfactor_ms("numbered.attributes ->> 's2'") }} as sector_2_ms,
    {{ rfactor_ms("numbered.attributes ->> 's3'") }} as sector_3_ms,
    false as is_formation_lap,
    true as is_known_entry
from numbered
left join driven
    on numbered.file_id = driven.file_id
        and numbered.race_id = driven.race_id
        and numbered.entry_id = driven.entry_id
        and numbered.line_number = driven.line_number
left join drivers
    on numbered.file_id = drivers.file_id
        and numbered.race_id = drivers.race_id
        and numbered.entry_id = drivers.entry_id
        and case when numbered.is_shared then driven.driver_index else 0 end = drivers.driver_index
