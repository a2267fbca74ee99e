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
        sum(points_deducted) as points_deducted
    from rounds
    group by championship_id, driver_id
),

-- places as text of equal length, absences last, so that the joined string sorts like the list
places as (
    select
        drivers.championship_id,
        drivers.driver_id,
        races.race_number,
        lpad(
            cast(coalesce(case when rounds.is_counted then rounds.scored_position end, 999) as {{ dbt.type_string() }}),
            3,
            '0'
        ) as place
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

ranked as (
    select
        drivers.*,
        drivers.race_points + drivers.bonus_points - drivers.points_deducted as points,
        row_number() over (
            partition by drivers.championship_id
            order by
                drivers.race_points + drivers.bonus_points - drivers.points_deducted desc,
                tie_breaks.best_places asc,
                tie_breaks.latest_places asc,
                drivers.driver_id asc
        ) as position
    from drivers
    inner join tie_breaks
        on drivers.championship_id = tie_breaks.championship_id and drivers.driver_id = tie_breaks.driver_id
)

select
    ranked.championship_id,
    ranked.driver_id,
    championships.championship_name,
    cast(ranked.position as integer) as position,
    cast(ranked.points as numeric(10, 2)) as points,
    cast(max(ranked.points) over (partition by ranked.championship_id) - ranked.points as numeric(10, 2))
        as points_behind,
    cast(ranked.race_points as numeric(10, 2)) as race_points,
    cast(ranked.bonus_points as numeric(10, 2)) as bonus_points,
    cast(ranked.points_deducted as numeric(10, 2)) as points_deducted,
    cast(ranked.dropped_points as numeric(10, 2)) as dropped_points,
    cast(ranked.races as integer) as races,
    cast(ranked.races_counted as integer) as races_counted,
    cast(ranked.wins as integer) as wins,
    cast(ranked.podiums as integer) as podiums,
    ranked.best_position
from ranked
inner join championships on ranked.championship_id = championships.championship_id
