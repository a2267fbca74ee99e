with race_results as (
    select * from {{ ref('int_race_results_deduplicated') }}
    where driver_id is not null
),

races as (
    select * from {{ ref('int_races_deduplicated') }}
),

-- one row per appearance of a driver, whatever the source: race results first
appearances as (
    select
        race_results.driver_id,
        races.sim,
        -- one row stands for all AI drivers of a sim without ids for them
        case when race_results.driver_id = 'acc:0' then 'AI' else race_results.entrant_name end as driver_name,
        race_results.race_id,
        race_results.entrant_id as tie_breaker,
        race_results.is_ai,
        coalesce(races.started_at, races.ended_at) as appeared_at
    from race_results
    inner join races on race_results.race_id = races.race_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by driver_id
            order by driver_name is null, appeared_at desc nulls last, race_id desc, tie_breaker desc
        ) as latest_rank
    from appearances
),

summed as (
    select
        driver_id,
        cast(count(distinct race_id) as integer) as races,
        bool_and(is_ai) as is_ai,
        min(appeared_at) as first_race_at,
        max(appeared_at) as last_race_at
    from appearances
    group by driver_id
)

select
    ranked.driver_id,
    ranked.sim,
    ranked.driver_name,
    summed.races,
    summed.is_ai,
    summed.first_race_at,
    summed.last_race_at
from ranked
inner join summed on ranked.driver_id = summed.driver_id
where ranked.latest_rank = 1
