with championships as (
    select * from {{ ref('int_championships') }}
),

entrants as (
    select * from {{ ref('int_championship_entrants') }}
    where not is_ai
),

points_tables as (
    select * from {{ ref('points_tables') }}
),

ranked as (
    select
        entrants.*,
        championships.pole_points,
        championships.fastest_lap_points,
        championships.clean_race_points,
        championships.lap_led_points,
        championships.most_laps_led_points,
        championships.most_places_gained_points,
        championships.fastest_lap_within,
        case when championships.is_dead_heat_shared then entrants.cars_at_position else 1 end as shared_by,
        entrants.is_disqualified or entrants.is_disqualified_by_sim or entrants.role = 'guest' as is_without_points,
        row_number() over (
            partition by entrants.championship_id, entrants.race_id, entrants.scored_class
            order by
                entrants.is_disqualified or entrants.is_disqualified_by_sim,
                entrants.is_passed_up,
                entrants.best_lap_ms nulls last,
                entrants.scored_position nulls last,
                entrants.entrant_id
        ) as lap_rank,
        max(case when not entrants.is_passed_up then entrants.laps_led end) over field as most_laps_led,
        max(entrants.grid_position - entrants.scored_position) over field as most_places_gained
    from entrants
    inner join championships on entrants.championship_id = championships.championship_id
    window field as (partition by entrants.championship_id, entrants.race_id, entrants.scored_class)
),

-- the highest number of incidents that was reached
incidents as (
    select
        ranked.championship_id,
        ranked.race_id,
        ranked.entrant_id,
        rules.points,
        row_number() over (
            partition by ranked.championship_id, ranked.race_id, ranked.entrant_id
            order by {{ to_float('rules.value') }} desc, rules.points desc
        ) as rule_rank
    from ranked
    inner join {{ ref('championship_rules') }} as rules
        on ranked.championship_id = rules.championship_id
            and rules.rule = 'incidents'
            and ranked.incidents >= {{ to_float('rules.value') }}
),

scored as (
    select
        ranked.*,
        coalesce(
            case
                when ranked.is_disqualified or ranked.role = 'guest' or not ranked.is_classified then 0
                when ranked.points_table = 'league_points' then ranked.league_points
                when ranked.points_table = 'points' then ranked.points
                when ranked.is_starter and not ranked.is_disqualified_by_sim
                    -- cars in a dead heat share the points of all places that they hold
                    then (
                        select sum(points_tables.points) / ranked.shared_by
                        from points_tables
                        where
                            points_tables.points_table = ranked.points_table
                            and points_tables.position
                            between ranked.scored_position and ranked.scored_position + ranked.shared_by - 1
                    )
            end, 0
        ) * ranked.points_factor as race_points,
        case
            when
                not ranked.is_without_points
                and ranked.grid_position = 1
                then ranked.pole_points
            else 0
        end as points_for_pole,
        case
            when
                not ranked.is_without_points
                and ranked.lap_rank = 1
                and ranked.best_lap_ms is not null
                and (ranked.fastest_lap_within is null or ranked.scored_position <= ranked.fastest_lap_within)
                then ranked.fastest_lap_points
            else 0
        end as points_for_fastest_lap,
        case
            when
                not ranked.is_without_points
                and ranked.incidents = 0
                and ranked.out_reason = 'running'
                then ranked.clean_race_points
            else 0
        end as points_for_clean_race,
        case
            when
                not ranked.is_without_points
                and ranked.laps_led > 0
                then ranked.lap_led_points
            else 0
        end as points_for_lap_led,
        case
            when
                not ranked.is_without_points
                and ranked.laps_led > 0
                and ranked.laps_led = ranked.most_laps_led
                then ranked.most_laps_led_points
            else 0
        end as points_for_most_laps_led,
        case
            when
                not ranked.is_without_points
                and ranked.most_places_gained > 0
                and ranked.grid_position - ranked.scored_position = ranked.most_places_gained
                then ranked.most_places_gained_points
            else 0
        end as points_for_most_places_gained,
        coalesce(incidents.points, 0) as points_for_incidents
    from ranked
    left join incidents
        on ranked.championship_id = incidents.championship_id
            and ranked.race_id = incidents.race_id
            and ranked.entrant_id = incidents.entrant_id
            and incidents.rule_rank = 1
),

summed as (
    select
        *,
        points_for_pole + points_for_fastest_lap + points_for_clean_race + points_for_lap_led
        + points_for_most_laps_led + points_for_most_places_gained as bonus_points
    from scored
),

-- a disqualification may not be dropped
of_round as (
    select
        *,
        row_number() over (
            partition by championship_id, driver_id, role, round_key
            order by is_disqualified desc, race_points + bonus_points desc, race_number, race_id asc
        ) as rank_in_round
    from summed
),

rounds as (
    select
        championship_id,
        driver_id,
        role,
        round_key,
        row_number() over (
            partition by championship_id, driver_id, role
            order by
                bool_or(is_disqualified) desc,
                sum(race_points + bonus_points) filter (where rank_in_round = 1 or not is_best_of_round) desc,
                min(race_number) filter (where rank_in_round = 1 or not is_best_of_round) asc,
                round_key asc
        ) as round_rank
    from of_round
    group by championship_id, driver_id, role, round_key
),

rounds_held as (
    select
        championship_id,
        count(distinct round_key) as rounds_held
    from scored
    group by championship_id
)

select
    of_round.championship_id,
    of_round.race_id,
    of_round.driver_id,
    of_round.entrant_id,
    of_round.entry_id,
    of_round.role,
    of_round.team_name,
    nullif(of_round.scored_class, '') as class_name,
    of_round.round_key,
    cast(of_round.race_number as integer) as race_number,
    of_round.week_date,
    of_round.finish_position,
    of_round.classified_position,
    of_round.scored_position,
    of_round.grid_position,
    of_round.points_table,
    cast(of_round.points_factor as numeric(10, 3)) as points_factor,
    cast(of_round.race_points as numeric(10, 2)) as race_points,
    cast(of_round.bonus_points as numeric(10, 2)) as bonus_points,
    cast(of_round.points_for_pole as numeric(10, 2)) as pole_points,
    cast(of_round.points_for_fastest_lap as numeric(10, 2)) as fastest_lap_points,
    cast(of_round.points_for_clean_race as numeric(10, 2)) as clean_race_points,
    cast(of_round.points_for_lap_led as numeric(10, 2)) as lap_led_points,
    cast(of_round.points_for_most_laps_led as numeric(10, 2)) as most_laps_led_points,
    cast(of_round.points_for_most_places_gained as numeric(10, 2)) as most_places_gained_points,
    cast(coalesce(of_round.points_deducted, 0) + of_round.points_for_incidents as numeric(10, 2)) as points_deducted,
    cast(of_round.points_for_incidents as numeric(10, 2)) as points_for_incidents,
    cast(coalesce(of_round.points_awarded, 0) as numeric(10, 2)) as points_awarded,
    (of_round.rank_in_round = 1 or not of_round.is_best_of_round)
    and (championships.rounds_counted is null or rounds.round_rank <= championships.rounds_counted)
    and (
        championships.rounds_dropped is null
        or rounds.round_rank <= greatest(rounds_held.rounds_held - championships.rounds_dropped, 1)
    ) as is_counted,
    of_round.is_disqualified,
    of_round.is_classified,
    of_round.is_passed_up,
    of_round.green_flag_at
from of_round
inner join championships on of_round.championship_id = championships.championship_id
inner join rounds_held on of_round.championship_id = rounds_held.championship_id
inner join rounds
    on of_round.championship_id = rounds.championship_id
        and of_round.driver_id = rounds.driver_id
        and of_round.role = rounds.role
        and of_round.round_key = rounds.round_key
