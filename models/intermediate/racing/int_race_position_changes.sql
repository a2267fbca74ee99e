{{ config(materialized='incremental', key='race_id', fingerprints='int_race_lap_inputs') }}

with laps as (
    select
        race_id,
        entry_id,
        entrant_id,
        lap_number,
        position_after_lap,
        is_pit_lap,
        count(*) over race as race_rows,
        count(position_after_lap) over race as placed_rows,
        count(is_pit_lap) over race as told_rows,
        max(lap_number) over race as race_laps,
        count(*) over car < max(lap_number) over car as has_gap
    from {{ ref('int_race_laps_ranked') }}
    where race_id = any(array({{ changed_keys(ref('int_race_lap_inputs'), 'race_id') }}))
    window
        race as (partition by race_id),
        car as (partition by race_id, entry_id)
),

-- files of laps may be missing, or hold fewer than the race had
races as (
    select
        laps.race_id,
        bool_or(laps.has_gap) or max(laps.race_laps) < coalesce(max(race_results.laps), 0) as lacks_laps
    from laps
    left join (
        select
            race_id,
            max(laps) as laps
        from {{ ref('int_race_results_as_of_cutoff') }}
        group by race_id
    ) as race_results
        on laps.race_id = race_results.race_id
    group by laps.race_id
),

-- who led is known if each lap has one leader
leads as (
    select
        race_id,
        entrant_id,
        lap_number,
        race_laps,
        count(*) over (partition by race_id) as led_laps,
        lag(lap_number) over in_order as lap_before,
        lag(entry_id) over in_order <> entry_id as is_taken
    from laps
    where position_after_lap = 1
    window in_order as (partition by race_id order by lap_number)
),

leaders as (
    select
        race_id,
        bool_and(led_laps = race_laps and lap_number = coalesce(lap_before, 0) + 1) as are_known
    from leads
    group by race_id
),

led as (
    select
        race_id,
        entrant_id,
        count(*) as laps_led,
        count(*) filter (where is_taken) as leads_taken
    from leads
    group by race_id, entrant_id
),

-- from the end of one lap of a car to that of the next; a race in which a lap has no place has no count of passes
steps as (
    select
        *,
        lag(position_after_lap) over car_laps as position_before,
        is_pit_lap or lag(is_pit_lap) over car_laps as is_in_pits,
        lag(lap_number) over car_laps = lap_number - 1 as is_step,
        lead(lap_number) over car_laps is null as is_last
    from laps
    where placed_rows = race_rows
    window car_laps as (partition by race_id, entry_id order by lap_number)
),

-- cars ahead that did not end another lap
retired as (
    select
        race_id,
        entry_id,
        lap_number + 1 as lap_number,
        count(*) filter (where is_last) over (
            partition by race_id, lap_number order by position_after_lap, entry_id
        ) as retired_ahead
    from steps
),

ordered as (
    select
        *,
        row_number() over before_lap as rank_before,
        row_number() over (
            partition by race_id, lap_number order by position_after_lap, position_before, entry_id
        ) as rank_after
    from steps
    where is_step
    window before_lap as (partition by race_id, lap_number order by position_before, position_after_lap, entry_id)
),

-- Cars change places within groups: who is ahead of a group before the lap is ahead of it after it. Only within them is
-- each car compared with each other, which is fast. A group's number is of one lap of one race.
grouped as (
    select
        *,
        sum(case when highest_before = rank_before - 1 then 1 else 0 end) over (
            order by race_id, lap_number, rank_before
        ) as group_number
    from (
        select
            *,
            coalesce(
                max(rank_after) over (
                    partition by race_id, lap_number
                    order by rank_before
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as highest_before
        from ordered
    ) as bounded
),

passes as (
    select
        passed.race_id,
        passed.entrant_id as passed_id,
        passing.entrant_id as passing_id,
        passed.is_in_pits or passing.is_in_pits as is_in_pits
    from grouped as passed
    inner join grouped as passing
        on passed.group_number = passing.group_number
            and passed.rank_before < passing.rank_before
            and passed.rank_after > passing.rank_after
            and passed.position_before < passing.position_before
            and passed.position_after_lap > passing.position_after_lap
),

counted as (
    select
        race_id,
        passing_id as entrant_id,
        case when is_in_pits then 0 else 1 end as overtakes_made,
        0 as overtakes_lost,
        case when is_in_pits then 1 else 0 end as places_gained_in_pits,
        0 as places_gained_by_retirements
    from passes
    union all
    select
        race_id,
        passed_id as entrant_id,
        0 as overtakes_made,
        case when is_in_pits then 0 else 1 end as overtakes_lost,
        case when is_in_pits then -1 else 0 end as places_gained_in_pits,
        0 as places_gained_by_retirements
    from passes
    union all
    select
        ordered.race_id,
        ordered.entrant_id,
        0 as overtakes_made,
        0 as overtakes_lost,
        0 as places_gained_in_pits,
        retired.retired_ahead as places_gained_by_retirements
    from ordered
    inner join retired
        on ordered.race_id = retired.race_id
            and ordered.entry_id = retired.entry_id
            and ordered.lap_number = retired.lap_number
),

summed as (
    select
        race_id,
        entrant_id,
        sum(overtakes_made) as overtakes_made,
        sum(overtakes_lost) as overtakes_lost,
        sum(places_gained_in_pits) as places_gained_in_pits,
        sum(places_gained_by_retirements) as places_gained_by_retirements
    from counted
    group by race_id, entrant_id
),

entrants as (
    select
        laps.race_id,
        laps.entrant_id,
        -- who came back in another car has a first lap in each; the start was his best
        min(laps.position_after_lap) filter (where laps.lap_number = 1) as position_after_first_lap,
        bool_and(leaders.are_known and not races.lacks_laps) as are_leads_known,
        bool_and(
            laps.placed_rows = laps.race_rows and laps.told_rows = laps.race_rows and not races.lacks_laps
        ) as are_passes_known
    from laps
    inner join races on laps.race_id = races.race_id
    left join leaders on laps.race_id = leaders.race_id
    group by laps.race_id, laps.entrant_id
)

select
    entrants.race_id,
    coalesce(entrants.entrant_id, 'none') as entrant_id,
    entrants.position_after_first_lap,
    case when entrants.are_leads_known then cast(coalesce(led.laps_led, 0) as integer) end as laps_led,
    case when entrants.are_leads_known then cast(coalesce(led.leads_taken, 0) as integer) end as leads_taken,
    case when entrants.are_passes_known then cast(coalesce(summed.overtakes_made, 0) as integer) end as overtakes_made,
    case when entrants.are_passes_known then cast(coalesce(summed.overtakes_lost, 0) as integer) end as overtakes_lost,
    case when entrants.are_passes_known then cast(coalesce(summed.places_gained_in_pits, 0) as integer) end
        as places_gained_in_pits,
    case when entrants.are_passes_known then cast(coalesce(summed.places_gained_by_retirements, 0) as integer) end
        as places_gained_by_retirements
from entrants
left join led
    on entrants.race_id = led.race_id and coalesce(entrants.entrant_id, '') = coalesce(led.entrant_id, '')
left join summed
    on entrants.race_id = summed.race_id and coalesce(entrants.entrant_id, '') = coalesce(summed.entrant_id, '')
