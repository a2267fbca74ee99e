-- Whose place in the standings is left out, or given twice to some who are not equal, or who stands behind one with
-- fewer points.
with standings as (
    select
        'driver' as kind,
        championship_id,
        driver_id as id,
        position,
        points
    from {{ ref('championship_standings') }}
    union all
    select
        'team',
        championship_id,
        team_name,
        position,
        points
    from {{ ref('championship_team_standings') }}
)

select *
from (
    select
        *,
        rank() over (partition by kind, championship_id order by position) as expected_position,
        lag(points) over (partition by kind, championship_id order by position, points) as points_ahead,
        lag(position) over (partition by kind, championship_id order by position, points) as position_ahead
    from standings
) as ordered
where
    position <> expected_position
    or points > points_ahead
    or (position = position_ahead and points <> points_ahead)
