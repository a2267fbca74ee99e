{%- set cutoff = results_cutoff() -%}

with listed as (
    select * from {{ ref('int_standings_united') }}
    where state in ('loaded', 'superseded') {% if cutoff %} and modified_at <= {{ cutoff }} {% endif %}
),

-- of several lists of the same standings the newest; with the var results_cutoff, of those that were there by then
ranked as (
    select
        *,
        dense_rank() over (
            partition by standings_id order by modified_at desc nulls last, list_file_id asc
        ) as list_rank
    from listed
),

given as (
    select * from ranked
    where list_rank = 1
),

lists as (
    select distinct
        standings_id,
        list_file_id,
        source_format,
        league_id,
        season_id,
        car_class_id,
        car_id,
        series_name,
        is_of_week,
        modified_at
    from given
),

computed as (
    select * from {{ ref('championship_standings') }}
),

championships as (
    select * from {{ ref('championships') }}
),

-- A league's list of all cars is that of its season: of the championship that its files' points make, else of the only
-- row of seeds/championships.csv that names the season.
candidates as (
    select
        lists.standings_id,
        'iracing:league_season:' || lists.season_id as championship_id,
        true as is_of_files
    from lists
    where lists.league_id is not null and lists.car_class_id is null and lists.car_id is null
    union all
    select
        lists.standings_id,
        championships.championship_id,
        false as is_of_files
    from lists
    inner join championships
        on lists.season_id = championships.league_season_id
            and (championships.league_id is null or lists.league_id = championships.league_id)
            and (championships.sim is null or championships.sim = 'iracing')
            and championships.car_class_name is null
    where lists.league_id is not null and lists.car_class_id is null and lists.car_id is null
),

matched as (
    select
        standings_id,
        coalesce(
            min(case when is_of_files then championship_id end),
            case when count(*) = 1 then min(championship_id) end
        ) as championship_id
    from candidates
    where championship_id in (select computed.championship_id from computed)
    group by standings_id
),

drivers as (
    select
        standings_id,
        driver_id
    from given
    union
    select
        matched.standings_id,
        computed.driver_id
    from matched
    inner join computed on matched.championship_id = computed.championship_id
)

select
    drivers.standings_id,
    drivers.driver_id,
    matched.championship_id,
    lists.source_format,
    lists.league_id,
    lists.season_id,
    lists.car_class_id,
    lists.car_id,
    lists.series_name,
    given.driver_name,
    given.position,
    given.points,
    given.wins,
    given.starts,
    computed.position as computed_position,
    cast(computed.points as numeric(18, 6)) as computed_points,
    given.position - computed.position as position_difference,
    cast(given.points - computed.points as numeric(18, 6)) as points_difference,
    given.driver_id is not null as is_given,
    lists.is_of_week,
    lists.modified_at as given_at,
    lists.list_file_id as file_id
from drivers
inner join lists on drivers.standings_id = lists.standings_id
left join given on drivers.standings_id = given.standings_id and drivers.driver_id = given.driver_id
left join matched on drivers.standings_id = matched.standings_id
left join computed on matched.championship_id = computed.championship_id and drivers.driver_id = computed.driver_id
