{{ config(materialized='table') }}

with races as (
    select
        event_session_id as race_id,
        {{ race_columns() | reject('equalto', 'race_id') | join(', ') }},
        source_rank
    from {{ ref('int_event_sessions_deduplicated') }}
    where is_race
),

race_results as (
    select * from {{ ref('int_race_results_deduplicated') }}
),

longest as (
    select
        race_id,
        max(coalesce(cast(race_time_ms as bigint), cast(average_lap_ms as bigint) * laps)) as longest_race_ms,
        cast(count(distinct entry_id) as integer) as entries,
        cast(count(driver_id) as integer) as drivers,
        bool_or(is_team) as is_team_race
    from race_results
    group by race_id
)

select
    races.*,
    coalesce(longest.entries, 0) as entries,
    coalesce(longest.drivers, 0) as drivers,
    -- iRacing numbers its subsessions in order; as text 10 would come before 9
    {{ to_bigint('races.subsession_id') }} as subsession_number,
    longest.longest_race_ms,
    coalesce(longest.is_team_race, false) as is_team_race,
    -- ACC dates only the end, iRacing's CSV only the start
    coalesce(
        races.started_at,
        races.ended_at - coalesce(longest.longest_race_ms, 0) * interval '1 millisecond'
    ) as green_flag_at,
    coalesce(
        races.ended_at,
        races.started_at + coalesce(longest.longest_race_ms, 0) * interval '1 millisecond'
    ) as results_known_at
from races
left join longest on races.race_id = longest.race_id
