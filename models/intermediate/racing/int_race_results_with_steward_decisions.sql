{%- set cutoff = results_cutoff() -%}

with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
),

decisions as (
    select * from {{ ref('steward_decisions') }}
    {% if cutoff %} where decided_at <= {{ cutoff }} {% endif %}
),

-- a decision on a driver or a team applies to the car
decided as (
    select
        race_results.race_id,
        race_results.entry_id,
        bool_or(decisions.decision = 'disqualified') as is_disqualified,
        sum(case when decisions.decision = 'time_penalty' then decisions.amount end) as time_penalty_s,
        sum(case when decisions.decision = 'places' then decisions.amount end) as places_lost,
        sum(case when decisions.decision = 'points_deduction' then decisions.amount end) as points_deducted,
        sum(case when decisions.decision = 'points_bonus' then decisions.amount end) as points_awarded
    from decisions
    inner join race_results
        on decisions.race_id = race_results.race_id
            and {{ pseudonymous_id('decisions.entrant_id') }} = race_results.entrant_id
    group by race_results.race_id, race_results.entry_id
),

-- the team's own line stands for the car
lines as (
    select
        *,
        row_number() over (partition by race_id, entry_id order by is_team desc, entrant_id asc) as line_rank
    from race_results
),

entries as (
    select
        lines.race_id,
        lines.entry_id,
        lines.car_class_id,
        lines.finish_position,
        lines.finish_position_in_class,
        lines.laps_down,
        coalesce(lines.race_time_ms, lines.interval_ms) as time_ms,
        coalesce(lines.race_time_ms, lines.interval_ms) + 1000 * coalesce(decided.time_penalty_s, 0) as penalised_ms,
        decided.time_penalty_s,
        decided.places_lost,
        decided.points_deducted,
        decided.points_awarded,
        coalesce(decided.is_disqualified, false) as is_disqualified,
        coalesce(decided.is_disqualified, false) or decided.time_penalty_s > 0 or decided.places_lost > 0 as is_moved
    from lines
    left join decided on lines.race_id = decided.race_id and lines.entry_id = decided.entry_id
    where lines.line_rank = 1
),

-- a time penalty puts a car behind cars on the same lap that are now faster; otherwise the file's order stays
overtaken as (
    select
        entries.race_id,
        entries.entry_id,
        max(rivals.finish_position) as last_ahead,
        max(case
            when rivals.car_class_id = entries.car_class_id then rivals.finish_position_in_class
        end) as last_ahead_in_class
    from entries
    inner join entries as rivals
        on entries.race_id = rivals.race_id
            and entries.laps_down = rivals.laps_down
            and entries.entry_id <> rivals.entry_id
            and entries.penalised_ms > rivals.penalised_ms
    where entries.time_penalty_s > 0
    group by entries.race_id, entries.entry_id
),

-- half a place more puts the car behind the one whose place it takes
slots as (
    select
        entries.*,
        greatest(entries.finish_position, coalesce(overtaken.last_ahead, 0))
        + coalesce(entries.places_lost, 0)
        + case when entries.is_moved then 0.5 else 0 end as slot,
        greatest(entries.finish_position_in_class, coalesce(overtaken.last_ahead_in_class, 0))
        + coalesce(entries.places_lost, 0)
        + case when entries.is_moved then 0.5 else 0 end as slot_in_class,
        bool_or(entries.is_moved) over (partition by entries.race_id) as is_race_moved
    from entries
    left join overtaken on entries.race_id = overtaken.race_id and entries.entry_id = overtaken.entry_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by race_id, is_disqualified, finish_position is null
            order by slot, penalised_ms nulls last, finish_position, entry_id
        ) as place,
        row_number() over (
            partition by race_id, car_class_id, is_disqualified, finish_position_in_class is null
            order by slot_in_class, penalised_ms nulls last, finish_position, entry_id
        ) as place_in_class
    from slots
)

select
    race_results.race_id,
    race_results.entrant_id,
    race_results.entry_id,
    race_results.driver_id,
    race_results.car_class_id,
    race_results.car_class_name,
    race_results.out_reason,
    race_results.finish_position,
    race_results.finish_position_in_class,
    case
        when ranked.is_disqualified or race_results.finish_position is null then null
        when ranked.is_race_moved then cast(ranked.place as integer)
        else race_results.finish_position
    end as classified_position,
    case
        when ranked.is_disqualified or race_results.finish_position_in_class is null then null
        when ranked.is_race_moved then cast(ranked.place_in_class as integer)
        else race_results.finish_position_in_class
    end as classified_position_in_class,
    race_results.start_position,
    race_results.start_position_in_class,
    race_results.laps,
    race_results.laps_led,
    race_results.irating_before,
    race_results.best_lap_ms,
    race_results.incidents,
    race_results.points,
    race_results.league_points,
    ranked.time_penalty_s,
    ranked.places_lost,
    ranked.points_deducted,
    ranked.points_awarded,
    ranked.is_disqualified,
    coalesce(ranked.time_penalty_s > 0 and ranked.time_ms is null, false) as has_unplaced_time_penalty,
    race_results.is_starter,
    race_results.is_team,
    race_results.is_ai
from race_results
inner join ranked on race_results.race_id = ranked.race_id and race_results.entry_id = ranked.entry_id
