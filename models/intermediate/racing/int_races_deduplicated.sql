{{ config(
    materialized='table',
    indexes=[{'columns': ['race_id'], 'unique': true}],
) }}

with races as (
    select * from {{ ref('int_races_united') }}
),

winners as (
    select
        file_id,
        race_id
    from {{ ref('int_race_files') }}
    where is_winner
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
),

-- not a join: PostgreSQL would expect one race of it, and go through the results of all races for each
of_winners as (
    select * from races
    where
        exists (
            select 1 from winners
            where winners.file_id = races.file_id and winners.race_id = races.race_id
        )
)

select
    of_winners.*,
    coalesce(longest.entries, 0) as entries,
    coalesce(longest.drivers, 0) as drivers,
    -- iRacing numbers its subsessions in order; as text 10 would come before 9
    {{ to_bigint('of_winners.subsession_id') }} as subsession_number,
    longest.longest_race_ms,
    coalesce(longest.is_team_race, false) as is_team_race,
    -- ACC dates the end alone, iRacing's CSV the start alone
    coalesce(
        of_winners.started_at,
        of_winners.ended_at - coalesce(longest.longest_race_ms, 0) * interval '1 millisecond'
    ) as green_flag_at,
    coalesce(
        of_winners.ended_at,
        of_winners.started_at + coalesce(longest.longest_race_ms, 0) * interval '1 millisecond'
    ) as results_known_at
from of_winners
left join longest on of_winners.race_id = longest.race_id
