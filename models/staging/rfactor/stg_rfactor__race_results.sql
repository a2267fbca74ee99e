with drivers as (
    select * from {{ ref('stg_rfactor__race_drivers') }}
),

laps as (
    select * from {{ ref('stg_rfactor__race_laps') }}
),

statuses as (
    select * from {{ ref('rfactor_finish_statuses') }}
),

driver_laps as (
    select
        file_id,
        race_id,
        entry_id,
        driver_index,
        cast(count(*) as integer) as laps,
        min(lap_time_ms) as best_lap_ms
    from laps
    group by file_id, race_id, entry_id, driver_index
),

cars as (
    select
        drivers.*,
        {{ json_int('drivers.texts', 'Laps', 0) }} as car_laps,
        {{ rfactor_ms(json_text('drivers.texts', 'FinishTime')) }} as car_time_ms,
        {{ rfactor_ms(json_text('drivers.texts', 'BestLapTime')) }} as car_best_lap_ms,
        {{ json_int('drivers.texts', 'Position', 1) }} as told_position,
        {{ json_int('drivers.texts', 'GridPos', 1) }} as start_position,
        coalesce({{ json_text('drivers.texts', 'FinishStatus') }}, 'None') as finish_status,
        lower({{ json_text('drivers.texts', 'DNFReason') }}) as dnf_reason,
        exists (select 1 from {{ xml_children('drivers.car', 'Lap') }} as driven) as has_laps
    from drivers
),

-- a reason that only repeats the status is none
judged as (
    select
        cars.*,
        statuses.is_disqualified,
        coalesce(statuses.is_finished, false) as is_finished,
        coalesce(statuses.is_out, true) as is_out,
        case
            -- who never drove started no race, whatever the status says
            when coalesce(cars.car_laps, 0) = 0 and not cars.has_laps and not coalesce(statuses.is_out, true)
                then 'did not start'
            when statuses.finish_status is null then lower(cars.finish_status)
            when statuses.is_out and not statuses.is_disqualified
                then coalesce(nullif(cars.dnf_reason, lower(cars.finish_status)), statuses.out_reason)
            else statuses.out_reason
        end as out_reason
    from cars
    left join statuses on cars.finish_status = statuses.finish_status
),

-- one row a car
entries as (
    select * from judged
    where driver_index = 0
),

-- Places are broken when one is missing or held twice, or when a car stands before one that finished with more laps.
-- Times alone do not say so: a penalty may have changed the order.
broken as (
    select
        file_id,
        race_id
    from entries
    group by file_id, race_id
    having count(distinct told_position) < count(*)
    union
    select
        entries.file_id,
        entries.race_id
    from entries
    inner join entries as rivals
        on entries.file_id = rivals.file_id
            and entries.race_id = rivals.race_id
            and entries.told_position < rivals.told_position
            and entries.car_laps < rivals.car_laps
    where rivals.is_finished
),

placed as (
    select
        entries.file_id,
        entries.race_id,
        entries.entry_id,
        broken.file_id is not null as is_order_broken,
        case
            when broken.file_id is null then entries.told_position
            else
                cast(row_number() over (
                    partition by entries.file_id, entries.race_id
                    order by
                        coalesce(entries.is_disqualified, false),
                        coalesce(entries.out_reason = 'did not start', false),
                        entries.is_out,
                        entries.car_laps desc nulls last,
                        entries.car_time_ms nulls last,
                        entries.told_position nulls last,
                        entries.line_number
                ) as integer)
        end as finish_position
    from entries
    left join broken on entries.file_id = broken.file_id and entries.race_id = broken.race_id
),

winners as (
    select
        entries.file_id,
        entries.race_id,
        entries.car_laps as winner_laps,
        entries.car_time_ms as winner_time_ms
    from entries
    inner join placed
        on entries.file_id = placed.file_id
            and entries.race_id = placed.race_id
            and entries.entry_id = placed.entry_id
    where placed.finish_position = 1
),

-- every driver of every car, and a line for a shared car
lines as (
    select
        judged.*,
        false as is_team
    from judged
    union all
    select
        judged.*,
        true as is_team
    from judged
    where judged.driver_index = 0 and judged.is_shared
)

select
    -- ids
    lines.file_id,
    lines.race_id,
    case
        when lines.is_team then {{ pseudonymous_id("'team:' || lines.entry_id") }} else lines.entrant_id
    end as entrant_id,
    case when not lines.is_team then lines.driver_id end as driver_id,
    case when lines.is_shared then {{ pseudonymous_key('team', 'lines.entry_id') }} end as team_id,
    lines.sim || ':' || {{ json_text('lines.texts', 'CarType') }} as car_id,
    lines.sim || ':' || {{ json_text('lines.texts', 'CarClass') }} as car_class_id,
    -- strings
    case
        when lines.is_team then {{ pseudonym(json_text('lines.texts', 'TeamName'), 'Team') }} else lines.driver_name
    end as entrant_name,
    {{ pseudonym(json_text('lines.texts', 'TeamName'), 'Team') }} as team_name,
    {{ json_id('lines.texts', 'CarNumber') }} as car_number,
    {{ json_text('lines.texts', 'CarType') }} as car_name,
    {{ json_text('lines.texts', 'CarClass') }} as car_class_name,
    lines.out_reason,
    -- numerics
    1000 * lines.line_number + case when lines.is_team then 0 else lines.driver_index + 1 end as line_number,
    placed.finish_position,
    case when not placed.is_order_broken then {{ json_int('lines.texts', 'ClassPosition', 1) }} end
        as finish_position_in_class,
    case when lines.out_reason is distinct from 'did not start' then lines.start_position end as start_position,
    case
        when lines.out_reason is distinct from 'did not start' then {{ json_int('lines.texts', 'ClassGridPos', 1) }}
    end as start_position_in_class,
    case when lines.is_shared and not lines.is_team then coalesce(driver_laps.laps, 0) else lines.car_laps end as laps,
    lines.car_time_ms as race_time_ms,
    case
        when lines.car_laps = winners.winner_laps and lines.car_time_ms >= winners.winner_time_ms
            then lines.car_time_ms - winners.winner_time_ms
    end as interval_ms,
    case
        when winners.winner_laps is not null and lines.car_laps is not null
            then greatest(winners.winner_laps - lines.car_laps, 0)
    end as laps_down,
    case when lines.is_shared and not lines.is_team then driver_laps.best_lap_ms else lines.car_best_lap_ms end
        as best_lap_ms,
    {{ json_int('lines.texts', 'Points', 0) }} as points,
    -- booleans
    lines.is_team,
    lines.is_team as is_derived,
    lines.is_ai
from lines
inner join placed
    on lines.file_id = placed.file_id
        and lines.race_id = placed.race_id
        and lines.entry_id = placed.entry_id
left join winners on lines.file_id = winners.file_id and lines.race_id = winners.race_id
left join driver_laps
    on lines.file_id = driver_laps.file_id
        and lines.race_id = driver_laps.race_id
        and lines.entry_id = driver_laps.entry_id
        and lines.driver_index = driver_laps.driver_index
