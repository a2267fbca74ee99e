with championships as (
    select * from {{ ref('int_championships') }}
),

rounds as (
    select * from {{ ref('championship_rounds') }}
),

races as (
    select distinct
        championship_id,
        race_id,
        race_number
    from rounds
),

-- drivers who share a car have its points once
cars as (
    select
        championship_id,
        race_id,
        race_number,
        team_name,
        entry_id,
        count(distinct driver_id) as drivers,
        min(scored_position) as scored_position,
        max(race_points) as race_points,
        max(bonus_points) as bonus_points,
        max(points_awarded) as points_awarded,
        max(points_deducted) as points_deducted
    from rounds
    where team_name is not null and role <> 'guest'
    group by championship_id, race_id, race_number, team_name, entry_id
),

ranked as (
    select
        cars.*,
        coalesce(
            row_number() over (
                partition by cars.championship_id, cars.race_id, cars.team_name
                order by
                    cars.race_points + cars.bonus_points desc,
                    cars.scored_position asc nulls last,
                    cars.entry_id asc
            ) <= championships.team_cars_counted, true
        ) as is_counted
    from cars
    inner join championships on cars.championship_id = championships.championship_id
),

teams as (
    select
        championship_id,
        team_name,
        count(distinct race_id) as races,
        count(case when is_counted then 1 end) as results_counted,
        count(case when is_counted and scored_position = 1 then 1 end) as wins,
        count(case when is_counted and scored_position <= 3 then 1 end) as podiums,
        min(case when is_counted then scored_position end) as best_position,
        sum(case when is_counted then race_points else 0 end) as race_points,
        sum(case when is_counted then bonus_points else 0 end) as bonus_points,
        sum(case when is_counted then 0 else race_points + bonus_points end) as dropped_points,
        sum(points_awarded) as points_awarded,
        sum(points_deducted) as points_deducted,
        string_agg(
            {{ place_as_text('scored_position') }}, '' order by scored_position
        ) filter (where is_counted) as best_places,
        max(count(case when is_counted then 1 end)) over (partition by championship_id) as most_results
    from ranked
    group by championship_id, team_name
),

-- the better car of each race, absences last, the latest race first
latest as (
    select
        teams.championship_id,
        teams.team_name,
        string_agg({{ place_as_text('best.scored_position') }}, '' order by races.race_number desc) as latest_places
    from teams
    inner join races on teams.championship_id = races.championship_id
    left join (
        select
            championship_id,
            race_id,
            team_name,
            min(scored_position) as scored_position
        from ranked
        where is_counted
        group by championship_id, race_id, team_name
    ) as best
        on teams.championship_id = best.championship_id
            and teams.team_name = best.team_name
            and races.race_id = best.race_id
    group by teams.championship_id, teams.team_name
),

summed as (
    select
        teams.*,
        teams.race_points + teams.bonus_points + teams.points_awarded - teams.points_deducted as points,
        -- who has fewer results is behind who has more of the same
        rpad(coalesce(teams.best_places, ''), cast(3 * teams.most_results as integer), '9') as padded_places,
        latest.latest_places
    from teams
    inner join latest on teams.championship_id = latest.championship_id and teams.team_name = latest.team_name
)

select
    summed.championship_id,
    summed.team_name,
    championships.championship_name,
    cast(
        rank() over (
            partition by summed.championship_id
            order by
                summed.points desc,
                case when championships.are_ties_shared then '' else summed.padded_places end asc,
                case when championships.are_ties_shared then '' else summed.latest_places end asc
        ) as integer
    ) as position,
    cast(summed.points as numeric(10, 2)) as points,
    cast(max(summed.points) over (partition by summed.championship_id) - summed.points as numeric(10, 2))
        as points_behind,
    cast(summed.race_points as numeric(10, 2)) as race_points,
    cast(summed.bonus_points as numeric(10, 2)) as bonus_points,
    cast(summed.points_awarded as numeric(10, 2)) as points_awarded,
    cast(summed.points_deducted as numeric(10, 2)) as points_deducted,
    cast(summed.dropped_points as numeric(10, 2)) as dropped_points,
    cast(summed.races as integer) as races,
    cast(summed.results_counted as integer) as results_counted,
    cast(summed.wins as integer) as wins,
    cast(summed.podiums as integer) as podiums,
    summed.best_position
from summed
inner join championships on summed.championship_id = championships.championship_id
