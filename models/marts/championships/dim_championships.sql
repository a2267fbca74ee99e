with championships as (
    select * from {{ ref('int_championships') }}
),

rounds as (
    select
        championship_id,
        count(distinct round_key) as rounds,
        count(distinct race_id) as races
    from {{ ref('championship_rounds') }}
    group by championship_id
)

select
    championships.championship_id,
    championships.championship_name,
    championships.points_table,
    championships.round_by,
    cast(coalesce(rounds.rounds, 0) as integer) as rounds,
    cast(coalesce(rounds.races, 0) as integer) as races,
    championships.rounds_counted,
    cast(championships.rounds_dropped as integer) as rounds_dropped,
    cast(championships.team_cars_counted as integer) as team_cars_counted,
    championships.is_scored_in_class,
    championships.are_ties_shared,
    championships.is_dead_heat_shared,
    championships.are_places_of_guests_passed_up,
    cast(championships.pole_points as numeric(10, 2)) as pole_points,
    cast(championships.fastest_lap_points as numeric(10, 2)) as fastest_lap_points,
    cast(championships.fastest_lap_within as integer) as fastest_lap_within,
    cast(championships.clean_race_points as numeric(10, 2)) as clean_race_points,
    cast(championships.lap_led_points as numeric(10, 2)) as lap_led_points,
    cast(championships.most_laps_led_points as numeric(10, 2)) as most_laps_led_points,
    cast(championships.most_places_gained_points as numeric(10, 2)) as most_places_gained_points,
    -- who starts first gains no place
    cast(
        greatest(championships.pole_points, championships.most_places_gained_points)
        + championships.fastest_lap_points + championships.clean_race_points + championships.lap_led_points
        + championships.most_laps_led_points as numeric(10, 2)
    ) as most_bonus
from championships
left join rounds on championships.championship_id = rounds.championship_id
