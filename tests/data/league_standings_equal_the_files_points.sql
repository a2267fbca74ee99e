-- Drivers of a league season whose standings differ from the sum of the league points that its files give them; seasons
-- in which stewards decided something, or that have rules of their own, apart.
with races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where league_season_id is not null
),

race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team and not is_ai
),

files as (
    select
        races.sim || ':league_season:' || races.league_season_id as championship_id,
        race_results.driver_id,
        sum(coalesce(race_results.league_points, 0)) as points
    from races
    inner join race_results on races.race_id = race_results.race_id
    group by races.sim, races.league_season_id, race_results.driver_id
),

standings as (
    select * from {{ ref('championship_standings') }}
    where championship_id like '%:league_season:%'
),

decided as (
    select rounds.championship_id
    from {{ ref('championship_rounds') }} as rounds
    inner join {{ ref('steward_decisions') }} as decisions on rounds.race_id = decisions.race_id
    union all
    select championship_id from {{ ref('championship_rules') }}
    union all
    select championship_id from {{ ref('championship_entries') }}
    union all
    select championship_id from {{ ref('championship_races') }}
)

select
    coalesce(files.championship_id, standings.championship_id) as championship_id,
    coalesce(files.driver_id, standings.driver_id) as driver_id,
    files.points as file_points,
    standings.points
from files
full outer join standings
    on files.championship_id = standings.championship_id and files.driver_id = standings.driver_id
where
    coalesce(files.points, 0) <> coalesce(standings.points, 0)
    and coalesce(files.championship_id, standings.championship_id) not in (select decided.championship_id from decided)
