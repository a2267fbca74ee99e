with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where driver_id is not null
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
),

practice_and_qualifying as (
    select * from {{ ref('int_practice_and_qualifying_results') }}
    where driver_id is not null
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where driver_id is not null
),

current_versions as (
    select * from {{ ref('dim_driver_versions') }}
    where is_current
),

-- one row per appearance of a driver in any source
appearances as (
    select
        race_results.driver_id,
        races.sim,
        -- one row stands for all AI drivers of a sim without ids for them
        case when race_results.driver_id = 'acc:0' then 'AI' else race_results.entrant_name end as driver_name,
        race_results.race_id as event_session_id,
        race_results.entrant_id as tie_breaker,
        true as is_of_race,
        race_results.is_ai,
        coalesce(races.started_at, races.ended_at) as appeared_at
    from race_results
    inner join races on race_results.race_id = races.race_id
    union all
    select
        driver_id,
        sim,
        case when driver_id = 'acc:0' then 'AI' else entrant_name end as driver_name,
        event_session_id,
        entrant_id as tie_breaker,
        false as is_of_race,
        is_ai,
        appeared_at
    from practice_and_qualifying
    union all
    select
        driver_id,
        sim,
        driver_name,
        cast(null as {{ dbt.type_string() }}) as event_session_id,
        cast(session_id as {{ dbt.type_string() }}) as tie_breaker,
        false as is_of_race,
        false as is_ai,
        session_started_at as appeared_at
    from sessions
),

-- a name in results comes from the sim, a name in telemetry may have been typed
ranked as (
    select
        *,
        row_number() over (
            partition by driver_id
            order by
                driver_name is null,
                event_session_id is null,
                appeared_at desc nulls last,
                event_session_id desc nulls last,
                tie_breaker desc
        ) as latest_rank
    from appearances
),

summed as (
    select
        driver_id,
        cast(count(distinct case when is_of_race then event_session_id end) as integer) as races,
        bool_and(is_ai) as is_ai,
        cast(count(case when event_session_id is null then 1 end) as integer) as telemetry_sessions,
        min(case when is_of_race then appeared_at end) as first_race_at,
        max(case when is_of_race then appeared_at end) as last_race_at
    from appearances
    group by driver_id
)

select
    ranked.driver_id,
    ranked.sim,
    ranked.driver_name,
    current_versions.country_code,
    current_versions.club_name,
    summed.races,
    summed.telemetry_sessions,
    summed.is_ai,
    summed.first_race_at,
    summed.last_race_at
from ranked
inner join summed on ranked.driver_id = summed.driver_id
left join current_versions on ranked.driver_id = current_versions.driver_id
where ranked.latest_rank = 1
