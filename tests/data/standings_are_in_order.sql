-- Drivers whose place in the standings is left out or given twice, or who stand behind one with fewer points.
select *
from (
    select
        championship_id,
        driver_id,
        position,
        points,
        row_number() over (partition by championship_id order by position, driver_id) as expected_position,
        lag(points) over (partition by championship_id order by position, driver_id) as points_ahead
    from {{ ref('championship_standings') }}
) as standings
where position <> expected_position or points > points_ahead
