-- Who leads each championship, and who would without dropped races?
-- points counts the best races only, as the rules of seeds/championships.csv say; points_of_all adds what was dropped.
-- Where place_without_drops is better than position, the drops cost a place: this driver was there at every race.
with standings as (
    select * from {{ ref('championship_standings') }}
),

drivers as (
    select * from {{ ref('dim_drivers') }}
)

select
    standings.championship_name,
    standings.position,
    drivers.driver_name,
    standings.points,
    standings.points_behind,
    standings.races_counted,
    standings.dropped_points,
    standings.points + standings.dropped_points as points_of_all,
    rank() over (
        partition by standings.championship_id
        order by standings.points + standings.dropped_points desc
    ) as place_without_drops
from standings
inner join drivers on standings.driver_id = drivers.driver_id
order by standings.championship_name, standings.position
