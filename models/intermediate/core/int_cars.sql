with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where car_id is not null
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

practice_and_qualifying as (
    select * from {{ ref('int_practice_and_qualifying_results') }}
    where car_id is not null
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where car_id is not null
),

-- one row per appearance of a car in any source
appearances as (
    select
        race_results.car_id,
        races.sim,
        race_results.car_name,
        race_results.car_class_name,
        race_results.race_id || ' ' || race_results.entrant_id as tie_breaker,
        coalesce(races.started_at, races.ended_at) as appeared_at
    from race_results
    inner join races on race_results.race_id = races.race_id
    union all
    select
        car_id,
        sim,
        car_name,
        car_class_name,
        event_session_id || ' ' || entrant_id as tie_breaker,
        appeared_at
    from practice_and_qualifying
    union all
    select
        car_id,
        sim,
        car_name,
        cast(null as {{ dbt.type_string() }}) as car_class_name,
        cast(session_id as {{ dbt.type_string() }}) as tie_breaker,
        session_started_at as appeared_at
    from sessions
),

-- older files leave out names
ranked as (
    select
        *,
        row_number() over (
            partition by car_id
            order by car_name is null, car_class_name is null, appeared_at desc nulls last, tie_breaker desc
        ) as latest_rank
    from appearances
)

select
    car_id,
    sim,
    car_name,
    car_class_name
from ranked
where latest_rank = 1
