with championships as (
    select * from {{ ref('int_championships') }}
),

races as (
    select * from {{ ref('int_races_as_of_cutoff') }}
    where is_over
),

-- a blank filter lets everything pass; heats score only if the files themselves give points
entered as (
    select
        championships.championship_id,
        championships.points_table,
        championships.round_by,
        races.race_id,
        races.sim,
        races.subsession_id,
        races.event_name,
        races.track_name,
        races.simsession_name,
        races.simsession_number,
        races.subsession_number,
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
),

-- what is said of one race is stronger than what is said of all sessions of a name
ranked as (
    select
        entered.*,
        rules.championship_id is not null as is_named,
        rules.round_name,
        rules.points_table as points_table_of_race,
        rules.points_factor,
        row_number() over (
            partition by entered.championship_id, entered.race_id
            order by rules.race_id nulls last
        ) as rule_rank
    from entered
    left join {{ ref('championship_races') }} as rules
        on entered.championship_id = rules.championship_id
            and coalesce(rules.race_id, entered.race_id) = entered.race_id
            and coalesce(lower(rules.simsession_name), lower(entered.simsession_name), '')
            = coalesce(lower(entered.simsession_name), '')
)

select
    championship_id,
    race_id,
    coalesce(points_table_of_race, points_table) as points_table,
    coalesce(points_factor, 1) as points_factor,
    case
        when round_by = 'week'
            then
                cast(
                    {{ dbt.date_trunc('week', "(green_flag_at - interval '1 day') at time zone 'UTC'") }}
                    + interval '1 day' as date
                )
    end as week_date,
    case
        when round_name is not null then 'round:' || round_name
        when round_by = 'week' and green_flag_at is not null
            then
                'week:' || cast(cast(
                    {{ dbt.date_trunc('week', "(green_flag_at - interval '1 day') at time zone 'UTC'") }}
                    + interval '1 day' as date
                ) as {{ dbt.type_string() }})
        -- other sims than iRacing have no number of the event: a server, a track and a day tell it
        when round_by = 'event' and subsession_id is not null then 'event:' || subsession_id
        when round_by = 'event' and green_flag_at is not null
            then
                'event:' || concat_ws(
                    ':',
                    sim,
                    event_name,
                    track_name,
                    cast(cast(green_flag_at at time zone 'UTC' as date) as {{ dbt.type_string() }})
                )
        else 'race:' || race_id
    end as round_key,
    -- of a week the best race counts, of another round all of its races
    round_by = 'week' and round_name is null as is_best_of_round,
    dense_rank() over (
        partition by championship_id
        order by green_flag_at nulls first, subsession_number nulls first, simsession_number, race_id
    ) as race_number,
    green_flag_at
from ranked
where
    rule_rank = 1
    and coalesce(points_factor, 1) > 0
    and (is_named or points_table in ('league_points', 'points') or simsession_number >= 0)
