with championships as (
    select * from {{ ref('int_championships') }}
),

-- reserves score for their team alone
rounds as (
    select
        *,
        row_number() over (
            partition by championship_id, driver_id order by race_number desc, entrant_id asc
        ) as latest_rank
    from {{ ref('championship_rounds') }}
    where role = 'driver'
),

races as (
    select distinct
        championship_id,
        race_id,
        race_number
    from {{ ref('championship_rounds') }}
),

drivers as (
    select
        championship_id,
        driver_id,
        count(*) as races,
        count(case when is_counted then 1 end) as races_counted,
        count(case when is_counted and scored_position = 1 then 1 end) as wins,
        count(case when is_counted and scored_position <= 3 then 1 end) as podiums,
        min(case when is_counted then scored_position end) as best_position,
        sum(case when is_counted then race_points else 0 end) as race_points,
        sum(case when is_counted then bonus_points else 0 end) as bonus_points,
        sum(case when is_counted then 0 else race_points + bonus_points end) as dropped_points,
        sum(points_deducted) as points_deducted,
        sum(points_awarded) as points_awarded,
        max(case when latest_rank = 1 then team_name end) as team_name
    from rounds
    group by championship_id, driver_id
),

-- places as text of equal length, absences last, so that the joined string sorts like the list
places as (
    select
        drivers.championship_id,
        drivers.driver_id,
        races.race_number,
        {{ place_as_text('case when rounds.is_counted then rounds.scored_position end') }} as place
    from drivers
    inner join races on drivers.championship_id = races.championship_id
    left join rounds
        on drivers.championship_id = rounds.championship_id
            and drivers.driver_id = rounds.driver_id
            and races.race_id = rounds.race_id
),

tie_breaks as (
    select
        championship_id,
        driver_id,
        string_agg(place, '' order by place, race_number) as best_places,
        string_agg(place, '' order by race_number desc) as latest_places
    from places
    group by championship_id, driver_id
),

summed as (
    select
        *,
        race_points + bonus_points + points_awarded - points_deducted as points
    from drivers
),

-- whom nothing parts shares a place
ranked as (
    select
        summed.*,
        rank() over (
            partition by summed.championship_id
            order by
                summed.points desc,
                case when championships.are_ties_shared then '' else tie_breaks.best_places end asc,
                case when championships.are_ties_shared then '' else tie_breaks.latest_places end asc
        ) as position,
        championships.championship_name
    from summed
    inner join championships on summed.championship_id = championships.championship_id
    inner join tie_breaks
        on summed.championship_id = tie_breaks.championship_id and summed.driver_id = tie_breaks.driver_id
)

select
    ranked.championship_id,
    ranked.driver_id,
    ranked.championship_name,
    ranked.team_name,
    cast(ranked.position as integer) as position,
    cast(ranked.points as numeric(10, 2)) as points,
    cast(max(ranked.points) over (partition by ranked.championship_id) - ranked.points as numeric(10, 2))
        as points_behind,
    cast(ranked.race_points as numeric(10, 2)) as race_points,
    cast(ranked.bonus_points as numeric(10, 2)) as bonus_points,
    cast(ranked.points_awarded as numeric(10, 2)) as points_awarded,
    cast(ranked.points_deducted as numeric(10, 2)) as points_deducted,
    cast(ranked.dropped_points as numeric(10, 2)) as dropped_points,
    cast(ranked.races as integer) as races,
    cast(ranked.races_counted as integer) as races_counted,
    cast(ranked.wins as integer) as wins,
    cast(ranked.podiums as integer) as podiums,
    ranked.best_position
from ranked
