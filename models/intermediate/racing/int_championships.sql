with championships as (
    select * from {{ ref('championships') }}
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where league_season_id is not null
),

race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team
),

-- a season's name is the one in its latest race
league_seasons as (
    select
        races.sim,
        races.league_season_id,
        races.league_season_name,
        races.league_name,
        sum(race_results.league_points) over (partition by races.sim, races.league_season_id) as league_points,
        row_number() over (
            partition by races.sim, races.league_season_id
            order by races.green_flag_at desc nulls last, races.race_id desc, race_results.entrant_id asc
        ) as latest_rank
    from races
    inner join race_results on races.race_id = race_results.race_id
)

select
    championship_id,
    championship_name,
    sim,
    league_id,
    league_season_id,
    series_name,
    event_name,
    season_year,
    season_quarter,
    first_date,
    last_date,
    car_class_name,
    points_table,
    round_by,
    rounds_counted,
    coalesce(pole_points, 0) as pole_points,
    coalesce(fastest_lap_points, 0) as fastest_lap_points,
    coalesce(clean_race_points, 0) as clean_race_points
from championships
union all
select
    sim || ':league_season:' || league_season_id,
    coalesce(league_season_name, league_name, league_season_id),
    -- the season alone selects the races, because one of its files may not name the league
    sim,
    null,
    league_season_id,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    'league_points',
    'race',
    null,
    0,
    0,
    0
from league_seasons
where latest_rank = 1 and league_points > 0
