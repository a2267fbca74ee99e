-- Championships whose standings hold other points than its rounds gave to drivers.
with given as (
    select
        championship_id,
        sum(case when is_counted then race_points + bonus_points else 0 end) + sum(points_awarded - points_deducted)
            as points
    from {{ ref('championship_rounds') }}
    where role = 'driver'
    group by championship_id
),

standing as (
    select
        championship_id,
        sum(points) as points
    from {{ ref('championship_standings') }}
    group by championship_id
)

select
    coalesce(given.championship_id, standing.championship_id) as championship_id,
    given.points as given_points,
    standing.points as standing_points
from given
full outer join standing on given.championship_id = standing.championship_id
where given.points is distinct from standing.points
