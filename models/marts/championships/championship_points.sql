with championships as (
    select * from {{ ref('int_championships') }}
),

races as (
    select * from {{ ref('int_championship_races') }}
),

points_tables as (
    select * from {{ ref('points_tables') }}
),

used as (
    select
        championship_id,
        points_table
    from championships
    union
    select
        championship_id,
        points_table
    from races
)

select
    used.championship_id,
    used.points_table,
    points_tables.position,
    points_tables.points
from used
inner join points_tables on used.points_table = points_tables.points_table
