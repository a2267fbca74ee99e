with championships as (
    select * from {{ ref('int_championships') }}
),

races as (
    select * from {{ ref('int_championship_races') }}
),

race_results as (
    select * from {{ ref('int_race_results_with_steward_decisions') }}
    where not is_team
),

laps_led as (
    select
        race_id,
        entrant_id,
        laps_led
    from {{ ref('int_race_position_changes') }}
),

-- who is entered twice for a day is what the first row says, and a test fails
entries as (
    select
        races.championship_id,
        races.race_id,
        {{ pseudonymous_id('entries.driver_id') }} as driver_id,
        entries.role,
        {{ pseudonym('entries.team_name', 'Team') }} as team_name,
        entries.class_name,
        row_number() over (
            partition by races.championship_id, races.race_id, entries.driver_id
            order by entries.first_date nulls first, entries.role, entries.team_name, entries.class_name
        ) as entry_rank
    from {{ ref('championship_entries') }} as entries
    inner join races
        on entries.championship_id = races.championship_id
            and (
                entries.first_date is null
                or cast(races.green_flag_at at time zone 'UTC' as date) >= entries.first_date
            )
            and (
                entries.last_date is null
                or cast(races.green_flag_at at time zone 'UTC' as date) <= entries.last_date
            )
),

entered as (
    select
        races.championship_id,
        races.race_number,
        races.round_key,
        races.week_date,
        races.is_best_of_round,
        races.points_table,
        races.points_factor,
        races.green_flag_at,
        race_results.race_id,
        race_results.entrant_id,
        race_results.entry_id,
        race_results.driver_id,
        race_results.out_reason,
        race_results.laps,
        race_results.best_lap_ms,
        race_results.incidents,
        race_results.points,
        race_results.league_points,
        race_results.points_deducted,
        race_results.points_awarded,
        race_results.is_disqualified,
        race_results.is_starter,
        race_results.is_ai,
        coalesce(race_results.laps_led, laps_led.laps_led) as laps_led,
        entries.team_name,
        -- the sim's own: the places of the others stay as it gave them, and so do points of files
        coalesce(race_results.out_reason = 'disqualified', false) as is_disqualified_by_sim,
        case
            when
                (entries.driver_id is null and championships.is_entry_needed)
                or race_results.irating_before < championships.rating_at_least
                or race_results.irating_before > championships.rating_at_most
                then 'guest'
            else coalesce(entries.role, 'driver')
        end as role,
        case
            when championships.is_scored_in_class
                then coalesce(entries.class_name, race_results.car_class_name, '')
            else ''
        end as scored_class,
        championships.is_scored_in_class and entries.class_name is not null as has_class_of_championship,
        case
            when championships.is_scored_in_class then race_results.finish_position_in_class
            else race_results.finish_position
        end as finish_position,
        case
            when championships.is_scored_in_class then race_results.classified_position_in_class
            else race_results.classified_position
        end as position_of_file,
        case
            when championships.is_scored_in_class then race_results.start_position_in_class
            else race_results.start_position
        end as grid_position_of_file,
        race_results.classified_position,
        race_results.start_position,
        championships.minimum_distance,
        championships.is_finish_needed,
        championships.are_places_of_guests_passed_up,
        championships.are_places_of_disqualified_passed_up
    from races
    inner join championships on races.championship_id = championships.championship_id
    inner join race_results on races.race_id = race_results.race_id
    left join laps_led
        on race_results.race_id = laps_led.race_id and race_results.entrant_id = laps_led.entrant_id
    left join entries
        on races.championship_id = entries.championship_id
            and races.race_id = entries.race_id
            and race_results.driver_id = entries.driver_id
            and entries.entry_rank = 1
    where
        championships.car_class_name is null
        or championships.car_class_name = coalesce(entries.class_name, race_results.car_class_name)
),

-- drivers of one car are one place
cars as (
    select
        *,
        (are_places_of_guests_passed_up and role = 'guest')
        or (are_places_of_disqualified_passed_up and is_disqualified_by_sim) as is_passed_up,
        row_number() over (
            partition by championship_id, race_id, entry_id order by role = 'guest', role, entrant_id
        ) as driver_of_car,
        max(case when not is_disqualified and not is_disqualified_by_sim then laps end) over field as winner_laps
    from entered
    window field as (partition by championship_id, race_id, scored_class)
),

-- The file's own places stand, less those that are passed up: an excerpt lacks cars. Only where the championship has
-- classes of its own are places counted among the cars that are there.
counted as (
    select
        *,
        bool_or(has_class_of_championship) over (partition by championship_id, race_id) as is_counted_anew,
        count(*) filter (where driver_of_car = 1 and is_passed_up) over by_position as passed_up_ahead,
        count(*) filter (where driver_of_car = 1 and not is_passed_up) over by_position as scored_ahead,
        count(*) filter (where driver_of_car = 1 and is_passed_up) over by_grid as passed_up_ahead_on_grid,
        count(*) filter (where driver_of_car = 1 and not is_passed_up) over by_grid as scored_ahead_on_grid
    from cars
    window
        by_position as (
            partition by championship_id, race_id, scored_class
            order by classified_position
            range between unbounded preceding and 1 preceding
        ),
        by_grid as (
            partition by championship_id, race_id, scored_class
            order by start_position
            range between unbounded preceding and 1 preceding
        )
),

placed as (
    select
        *,
        coalesce(laps * 100 >= minimum_distance * winner_laps, true)
        and (not is_finish_needed or coalesce(out_reason = 'running', true)) as is_classified,
        case
            when is_passed_up or classified_position is null then null
            when is_counted_anew then cast(scored_ahead + 1 as integer)
            else cast(position_of_file - passed_up_ahead as integer)
        end as position,
        case
            when is_passed_up or start_position is null then null
            when is_counted_anew then cast(scored_ahead_on_grid + 1 as integer)
            else cast(grid_position_of_file - passed_up_ahead_on_grid as integer)
        end as grid_position
    from counted
)

select
    championship_id,
    race_id,
    entrant_id,
    entry_id,
    driver_id,
    team_name,
    role,
    scored_class,
    round_key,
    race_number,
    week_date,
    is_best_of_round,
    points_table,
    points_factor,
    finish_position,
    position_of_file as classified_position,
    case when is_classified then position end as scored_position,
    grid_position,
    count(*) filter (where driver_of_car = 1) over (
        partition by championship_id, race_id, scored_class, position
    ) as cars_at_position,
    laps_led,
    best_lap_ms,
    incidents,
    points,
    league_points,
    points_deducted,
    points_awarded,
    out_reason,
    is_classified,
    is_passed_up,
    is_disqualified,
    is_disqualified_by_sim,
    is_starter,
    is_ai,
    green_flag_at
from placed
