{{ config(materialized='table') }}

with race_results as (
    select * from {{ ref('int_race_results_united') }}
    where refused_reason is null
),

-- materialized, so that PostgreSQL does not guess from its keys how few results each has (a test looks at the plan)
winners as materialized (
    select
        file_id,
        event_session_id
    from {{ ref('int_event_session_files') }}
    where is_winner and is_race
),

of_winners as (
    select
        race_results.*,
        race_results.event_session_id as race_id,
        coalesce('team:' || race_results.team_id, race_results.entrant_id) as entry_id
    from race_results
    -- not a join: PostgreSQL would expect a thirtieth of the results from it, and compare all with all
    where
        exists (
            select 1 from winners
            where
                winners.file_id = race_results.file_id
                and winners.event_session_id = race_results.event_session_id
        )
),

grids as (
    select * from {{ ref('int_race_grids') }}
),

-- a race whose file tells no grid has that of its qualifying
gridded as (
    select
        of_winners.*,
        coalesce(of_winners.start_position, grids.start_position) as grid_position,
        case
            when of_winners.start_position is not null then 'race'
            when grids.start_position is not null then 'qualifying'
        end as start_position_source
    from of_winners
    left join grids on of_winners.race_id = grids.race_id and of_winners.entry_id = grids.entry_id
),

-- a car has one class, whoever drives it; results are grouped by class, so a file without classes gets the class none
classed as (
    select
        *,
        coalesce(max(car_class_id) over (partition by race_id, entry_id), 'none') as class_id
    from gridded
),

-- times of cars on the winner's lap, each car once
timed_cars as (
    select distinct
        race_id,
        entry_id,
        finish_position,
        coalesce(race_time_ms, interval_ms) as time_ms
    from classed
    where
        laps_down = 0
        and coalesce(out_reason, 'running') = 'running'
        and finish_position is not null
        and coalesce(race_time_ms, interval_ms) is not null
),

-- a time that contradicts the order of half of the others is itself wrong, not theirs
cars_out_of_order as (
    select
        cars.race_id,
        cars.entry_id
    from timed_cars as cars
    inner join timed_cars as rivals on cars.race_id = rivals.race_id and cars.entry_id <> rivals.entry_id
    group by cars.race_id, cars.entry_id
    having
        2 * count(
            case
                when
                    cars.finish_position < rivals.finish_position and cars.time_ms > rivals.time_ms
                    or cars.finish_position > rivals.finish_position and cars.time_ms < rivals.time_ms
                    then 1
            end
        ) >= count(*)
),

usual_times as (
    select
        race_id,
        percentile_cont(0.5) within group (order by race_time_ms) as usual_race_ms
    from classed
    where laps_down = 0
    group by race_id
),

-- a race ends for all when the winner has finished: nobody drives twice as long
judged as (
    select
        classed.*,
        cars_out_of_order.entry_id is not null
        or coalesce(classed.race_time_ms > 2 * usual_times.usual_race_ms, false) as is_race_time_implausible
    from classed
    left join cars_out_of_order
        on classed.race_id = cars_out_of_order.race_id and classed.entry_id = cars_out_of_order.entry_id
    left join usual_times on classed.race_id = usual_times.race_id
),

-- a team's line and its drivers' lines share a place, so count places and not lines
placed as (
    select
        *,
        dense_rank() over (
            partition by race_id, class_id, finish_position is null
            order by finish_position nulls last
        ) as finish_rank,
        dense_rank() over (
            partition by race_id, class_id, grid_position is null
            order by grid_position nulls last
        ) as start_rank
    from judged
)

select
    file_id,
    race_id,
    entrant_id,
    entry_id,
    driver_id,
    team_id,
    car_id,
    class_id as car_class_id,
    entrant_name,
    team_name,
    country_code,
    club_name,
    car_number,
    car_name,
    car_class_name,
    out_reason,
    line_number,
    out_reason_id,
    finish_position,
    coalesce(
        finish_position_in_class, case when finish_position is not null then cast(finish_rank as integer) end
    ) as finish_position_in_class,
    grid_position as start_position,
    coalesce(
        start_position_in_class, case when grid_position is not null then cast(start_rank as integer) end
    ) as start_position_in_class,
    start_position_source,
    laps,
    laps_led,
    case when not is_race_time_implausible then race_time_ms end as race_time_ms,
    case when not is_race_time_implausible then interval_ms end as interval_ms,
    laps_down,
    average_lap_ms,
    best_lap_ms,
    best_lap_number,
    qualifying_lap_ms,
    incidents,
    points,
    league_points,
    irating_before,
    irating_after,
    irating_after - irating_before as irating_change,
    license_level_before,
    license_level_after,
    safety_rating_before,
    safety_rating_after,
    file_class_strength_of_field,
    is_race_time_implausible,
    -- drivers who drove a lap or had a place on the grid; whoever qualified need not have started. Who has a place or a
    -- time in a file that counts no laps drove.
    start_position is not null
    or coalesce(
        laps > 0,
        out_reason is distinct from 'did not start'
        and (finish_position is not null or race_time_ms is not null or best_lap_ms is not null)
    ) as is_starter,
    -- null where the sim does not say how the race ended
    out_reason <> 'running' as did_not_finish,
    is_team,
    is_ai
from placed
