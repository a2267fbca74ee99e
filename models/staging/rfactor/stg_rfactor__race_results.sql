with cars as (
    select * from {{ ref('stg_rfactor__race_cars') }}
),

statuses as (
    select * from {{ ref('finish_statuses') }}
    where written_by = 'rfactor'
),

-- in a shared car each driver has laps of his own
driver_laps as (
    select
        file_id,
        event_session_id,
        entry_id,
        driver_index,
        cast(count(*) as integer) as laps,
        min(lap_time_ms) as best_lap_ms
    from {{ ref('stg_rfactor__race_laps') }}
    where is_shared
    group by file_id, event_session_id, entry_id, driver_index
),

opened as (
    select
        *,
        {{ json_int('texts', 'Laps', 0) }} as told_laps,
        {{ rfactor_ms(json_text('texts', 'FinishTime')) }} as race_time_ms,
        {{ rfactor_ms(json_text('texts', 'BestLapTime')) }} as best_lap_ms,
        {{ json_int('texts', 'Position', 1) }} as told_position,
        coalesce({{ json_text('texts', 'FinishStatus') }}, 'None') as finish_status,
        lower({{ json_text('texts', 'DNFReason') }}) as dnf_reason,
        (select cast(count(*) as integer) from {{ xml_children('cars.car', 'Lap') }} as driven) as listed_laps
    from cars
),

judged as (
    select
        opened.*,
        coalesce(opened.told_laps, opened.listed_laps) as laps,
        coalesce(statuses.is_disqualified, false) as is_disqualified,
        coalesce(statuses.is_finished, false) as is_finished,
        coalesce(statuses.is_out, true) as is_out,
        statuses.out_reason,
        statuses.finish_status is not null as is_known_status,
        -- who never drove started no race, whatever the status says
        coalesce(opened.told_laps, 0) = 0
        and opened.listed_laps = 0
        and not coalesce(statuses.is_out, true) as is_non_starter
    from opened
    left join statuses on lower(opened.finish_status) = statuses.finish_status
),

-- A place of a race is wrong when it is missing or held twice, or when a car stands before one that finished with more
-- laps. Times alone do not say so: a penalty may have changed the order.
doubted as (
    select
        *,
        told_position is null
        or row_number() over (partition by file_id, event_session_id, told_position order by line_number) > 1
        or coalesce(
            laps < max(case when is_finished then laps end) over (
                partition by file_id, event_session_id
                order by told_position, line_number
                rows between 1 following and unbounded following
            ),
            false
        ) as is_wrong
    from judged
),

broken as (
    select
        *,
        is_race and bool_or(is_wrong) over (partition by file_id, event_session_id) as is_order_broken,
        cast(row_number() over (
            partition by file_id, event_session_id
            order by
                is_disqualified asc,
                is_non_starter asc,
                is_out asc,
                laps desc,
                race_time_ms asc nulls last,
                told_position asc nulls last,
                line_number asc
        ) as integer) as made_position
    from doubted
),

placed as (
    select
        *,
        case when is_order_broken then made_position else told_position end as finish_position
    from broken
),

-- every driver of every car, and a line for a shared car
lines as (
    select
        placed.*,
        cast(drivers.place - 1 as integer) as driver_index,
        {{ json_text('drivers.driver', 'driver_name') }} as driver_name,
        drivers.place = 0 as is_team
    from placed
    cross join lateral (
        select
            crew.driver,
            crew.place
        from {{ json_rows('placed.crew') }} with ordinality as crew (driver, place)
        union all
        select
            cast(null as jsonb) as driver,
            0 as place
        where placed.is_shared
    ) as drivers
),

named as (
    select
        *,
        {{ json_text('texts', 'TeamName') }} as team_name,
        is_shared and not is_team as is_of_crew
    from lines
)

-- the files have names and no ids of people
select
    -- ids
    named.file_id,
    named.event_session_id,
    case
        when named.is_team then {{ pseudonymous_id("'team:' || named.entry_id") }}
        else {{ pseudonymous_id("'driver:name:' || named.driver_name") }}
    end as entrant_id,
    case
        when not named.is_team then {{ pseudonymous_id("named.sim || ':name:' || named.driver_name") }}
    end as driver_id,
    case when named.is_shared then {{ pseudonymous_key('team', 'named.entry_id') }} end as team_id,
    named.sim || ':' || {{ json_text('named.texts', 'CarType') }} as car_id,
    named.sim || ':' || {{ json_text('named.texts', 'CarClass') }} as car_class_id,
    -- strings
    case
        when named.is_team then {{ pseudonym('named.team_name', 'Team') }}
        else {{ pseudonym('named.driver_name', 'Driver') }}
    end as entrant_name,
    {{ pseudonym('named.team_name', 'Team') }} as team_name,
    named.car_number,
    {{ json_text('named.texts', 'CarType') }} as car_name,
    {{ json_text('named.texts', 'CarClass') }} as car_class_name,
    -- a reason that only repeats the status is none
    case
        when named.is_non_starter then 'did not start'
        when not named.is_known_status then lower(named.finish_status)
        when named.is_out and not named.is_disqualified
            then coalesce(nullif(named.dnf_reason, lower(named.finish_status)), named.out_reason)
        else named.out_reason
    end as out_reason,
    case when not named.is_known_status then named.finish_status end as unmapped_out_reason,
    -- numerics
    1000 * named.line_number + named.driver_index + 1 as line_number,
    named.finish_position,
    case when not named.is_order_broken then {{ json_int('named.texts', 'ClassPosition', 1) }} end
        as finish_position_in_class,
    case when not named.is_non_starter then {{ json_int('named.texts', 'GridPos', 1) }} end as start_position,
    case when not named.is_non_starter then {{ json_int('named.texts', 'ClassGridPos', 1) }} end
        as start_position_in_class,
    case when named.is_of_crew then coalesce(driver_laps.laps, 0) else named.laps end as laps,
    named.laps as counted_laps,
    named.race_time_ms,
    case when named.is_of_crew then driver_laps.best_lap_ms else named.best_lap_ms end as best_lap_ms,
    {{ json_int('named.texts', 'Points', 0) }} as points,
    -- booleans
    named.is_team,
    named.is_team as is_derived,
    named.is_ai
from named
left join driver_laps
    on named.file_id = driver_laps.file_id
        and named.event_session_id = driver_laps.event_session_id
        and named.entry_id = driver_laps.entry_id
        and named.driver_index = driver_laps.driver_index
        and named.is_of_crew
