with championships as (
    select * from {{ ref('championships') }}
),

rules as (
    select
        {% for rule, kind in var('championship_rules').items() if kind != 'steps' -%}
            {{ championship_rule(rule, kind) }},
        {% endfor -%}
        championship_id
    from {{ ref('championship_rules') }}
    group by championship_id
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
),

united as (
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
        pole_points,
        fastest_lap_points,
        clean_race_points
    from championships
    union all
    select
        sim || ':league_season:' || league_season_id as championship_id,
        coalesce(league_season_name, league_name, league_season_id) as championship_name,
        -- the season alone selects the races, because one of its files may not name the league
        sim,
        null as league_id,
        league_season_id,
        null as series_name,
        null as event_name,
        null as season_year,
        null as season_quarter,
        null as first_date,
        null as last_date,
        null as car_class_name,
        'league_points' as points_table,
        'race' as round_by,
        null as rounds_counted,
        null as pole_points,
        null as fastest_lap_points,
        null as clean_race_points
    from league_seasons
    where latest_rank = 1 and league_points > 0
)

select
    united.championship_id,
    united.championship_name,
    united.sim,
    united.league_id,
    united.league_season_id,
    united.series_name,
    united.event_name,
    united.season_year,
    united.season_quarter,
    united.first_date,
    united.last_date,
    united.car_class_name,
    united.points_table,
    united.round_by,
    united.rounds_counted,
    coalesce(united.pole_points, 0) as pole_points,
    coalesce(united.fastest_lap_points, 0) as fastest_lap_points,
    coalesce(united.clean_race_points, 0) as clean_race_points,
    coalesce(rules.lap_led_points, 0) as lap_led_points,
    coalesce(rules.most_laps_led_points, 0) as most_laps_led_points,
    coalesce(rules.most_places_gained_points, 0) as most_places_gained_points,
    rules.fastest_lap_within,
    rules.minimum_distance,
    rules.rating_at_least,
    rules.rating_at_most,
    rules.rounds_dropped,
    rules.team_cars_counted,
    united.car_class_name is not null or coalesce(rules.scored_in = 'class', false) as is_scored_in_class,
    coalesce(rules.who_is_not_entered = 'is_guest', false) as is_entry_needed,
    coalesce(rules.guests = 'pass_places_up', false) as are_places_of_guests_passed_up,
    coalesce(rules.disqualified = 'pass_places_up', false) as are_places_of_disqualified_passed_up,
    coalesce(rules.retired = 'score_nothing', false) as is_finish_needed,
    coalesce(rules.ties = 'shared', false) as are_ties_shared,
    coalesce(rules.dead_heat = 'shared', false) as is_dead_heat_shared
from united
left join rules on united.championship_id = rules.championship_id
