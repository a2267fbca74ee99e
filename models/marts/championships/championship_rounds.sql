with championships as (
    select * from {{ ref('int_championships') }}
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where is_over
),

race_results as (
    select * from {{ ref('int_race_results_with_steward_decisions') }}
    where not is_team and not is_ai
),

points_tables as (
    select * from {{ ref('points_tables') }}
),

-- a blank filter lets everything pass; heats score only if the files themselves give points
entered as (
    select
        championships.championship_id,
        championships.points_table,
        championships.round_by,
        championships.rounds_counted,
        championships.pole_points,
        championships.fastest_lap_points,
        championships.clean_race_points,
        race_results.*,
        -- the sim's own: the places of the others stay as it gave them, and so do points of files
        coalesce(race_results.out_reason = 'disqualified', false) as is_disqualified_by_sim,
        case
            when championships.round_by = 'week'
                then
                    cast(
                        {{ dbt.date_trunc('week', "(races.green_flag_at - interval '1 day') at time zone 'UTC'") }}
                        + interval '1 day' as date
                    )
        end as week_date,
        case
            when championships.car_class_name is null then race_results.classified_position
            else race_results.classified_position_in_class
        end as scored_position,
        case
            when championships.car_class_name is null then race_results.start_position
            else race_results.start_position_in_class
        end as grid_position,
        dense_rank() over (
            partition by championships.championship_id
            order by
                races.green_flag_at nulls first,
                races.subsession_number nulls first,
                races.simsession_number,
                races.race_id
        ) as race_number,
        races.green_flag_at
    from championships
    inner join races
        on (championships.sim is null or championships.sim = races.sim)
            and (championships.league_id is null or championships.league_id = races.league_id)
            and (championships.league_season_id is null or championships.league_season_id = races.league_season_id)
            and (championships.series_name is null or championships.series_name = races.series_name)
            and (championships.event_name is null or championships.event_name = races.event_name)
            and (
                championships.first_date is null
                or cast(races.green_flag_at at time zone 'UTC' as date) >= championships.first_date
            )
            and (
                championships.last_date is null
                or cast(races.green_flag_at at time zone 'UTC' as date) <= championships.last_date
            )
            and (championships.season_year is null or championships.season_year = races.season_year)
            and (championships.season_quarter is null or championships.season_quarter = races.season_quarter)
            and (championships.points_table in ('league_points', 'points') or races.simsession_number >= 0)
    inner join race_results
        on races.race_id = race_results.race_id
            and (championships.car_class_name is null or championships.car_class_name = race_results.car_class_name)
),

ranked as (
    select
        *,
        row_number() over (
            partition by championship_id, race_id
            order by
                is_disqualified or is_disqualified_by_sim,
                best_lap_ms nulls last,
                scored_position nulls last,
                entrant_id
        ) as lap_rank
    from entered
),

scored as (
    select
        ranked.*,
        case
            when ranked.is_disqualified then 0
            when ranked.points_table = 'league_points' then coalesce(ranked.league_points, 0)
            when ranked.points_table = 'points' then coalesce(ranked.points, 0)
            when ranked.is_starter and not ranked.is_disqualified_by_sim then coalesce(points_tables.points, 0)
            else 0
        end as race_points,
        case
            when ranked.is_disqualified or ranked.is_disqualified_by_sim then 0
            else
                case when ranked.grid_position = 1 then ranked.pole_points else 0 end
                + case
                    when ranked.lap_rank = 1 and ranked.best_lap_ms is not null then ranked.fastest_lap_points else 0
                end
                + case
                    when ranked.incidents = 0 and ranked.out_reason = 'running' then ranked.clean_race_points else 0
                end
        end as bonus_points
    from ranked
    left join points_tables
        on ranked.points_table = points_tables.points_table and ranked.scored_position = points_tables.position
),

-- a disqualification may not be dropped
of_week as (
    select
        *,
        row_number() over (
            partition by championship_id, driver_id, coalesce(cast(week_date as {{ dbt.type_string() }}), race_id)
            order by is_disqualified desc, race_points + bonus_points desc, race_number, race_id asc
        ) as rank_in_round
    from scored
),

of_season as (
    select
        *,
        row_number() over (
            partition by championship_id, driver_id, rank_in_round = 1
            order by is_disqualified desc, race_points + bonus_points desc, race_number, race_id asc
        ) as round_rank
    from of_week
)

select
    championship_id,
    race_id,
    driver_id,
    entrant_id,
    cast(race_number as integer) as race_number,
    week_date,
    scored_position,
    cast(race_points as numeric(10, 2)) as race_points,
    cast(bonus_points as numeric(10, 2)) as bonus_points,
    cast(coalesce(points_deducted, 0) as numeric(10, 2)) as points_deducted,
    rank_in_round = 1 and (rounds_counted is null or round_rank <= rounds_counted) as is_counted,
    is_disqualified,
    green_flag_at
from of_season
