with race_results as (
    select * from {{ ref('fct_race_results') }}
    where not is_ai
),

races as (
    select * from {{ ref('dim_races') }}
),

-- a driver who gets out and in again has a log of each time
laps as (
    select
        sessions.driver_id,
        laps.*
    from {{ ref('dim_sessions') }} as sessions
    inner join {{ ref('fct_laps') }} as laps on sessions.session_id = laps.session_id
    where laps.event_session_id is not null
),

incidents as (
    select
        laps.event_session_id as race_id,
        laps.driver_id,
        incidents.corner_number,
        sum(incidents.incident_points) as incident_points,
        row_number() over (
            partition by laps.event_session_id, laps.driver_id
            order by sum(incidents.incident_points) desc, incidents.corner_number
        ) as corner_rank
    from laps
    inner join {{ ref('lap_incidents') }} as incidents
        on laps.session_id = incidents.session_id and laps.lap_number = incidents.lap_number
    where incidents.corner_number is not null
    group by laps.event_session_id, laps.driver_id, incidents.corner_number
),

driven as (
    select
        event_session_id as race_id,
        driver_id,
        count(distinct session_id) as sessions,
        count(*) filter (where is_complete) as complete_laps,
        count(*) filter (where is_pace_eligible) as pace_laps,
        min(lap_time_s) filter (where is_pace_eligible) as best_lap_time_s,
        percentile_cont(0.5) within group (order by lap_time_s) filter (where is_pace_eligible) as median_lap_time_s,
        stddev_samp(lap_time_s) filter (where is_pace_eligible)
        / avg(lap_time_s) filter (where is_pace_eligible) as lap_time_variation_ratio,
        avg(fuel_used_l) filter (where is_fuel_eligible) as fuel_per_lap_l,
        sum(incidents) as incidents_in_log
    from laps
    group by event_session_id, driver_id
)

select
    race_results.race_id,
    race_results.entrant_id,
    race_results.driver_id,
    race_results.car_id,
    race_results.car_class_name,
    race_results.finish_position_in_class,
    race_results.start_position_in_class,
    race_results.laps,
    race_results.incidents,
    race_results.irating_before,
    race_results.irating_change,
    cast(driven.sessions as integer) as sessions,
    cast(driven.complete_laps as integer) as complete_laps,
    cast(driven.pace_laps as integer) as pace_laps,
    cast(driven.best_lap_time_s as numeric(10, 3)) as best_lap_time_s,
    cast(driven.median_lap_time_s as numeric(10, 3)) as median_lap_time_s,
    cast(
        case when driven.pace_laps >= {{ var('consistency_fewest_laps') }} then driven.lap_time_variation_ratio end
        as numeric(10, 6)
    ) as lap_time_variation_ratio,
    cast(driven.fuel_per_lap_l as numeric(8, 3)) as fuel_per_lap_l,
    cast(driven.incidents_in_log as integer) as incidents_in_log,
    incidents.corner_number as worst_corner_number,
    cast(incidents.incident_points as integer) as worst_corner_incidents,
    races.green_flag_at as began_at
from race_results
inner join races on race_results.race_id = races.race_id
inner join driven on race_results.race_id = driven.race_id and race_results.driver_id = driven.driver_id
left join incidents
    on driven.race_id = incidents.race_id and driven.driver_id = incidents.driver_id and incidents.corner_rank = 1
