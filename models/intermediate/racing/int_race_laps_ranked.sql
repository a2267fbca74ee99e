{{ config(
    materialized='incremental',
    key='race_id',
    fingerprints='int_race_lap_inputs',
    pre_hook="{{ read_due_files(due_race_files()) }}",
) }}

with laps as (
    select
        *,
        coalesce(crossing_number, session_time_ms) as crossing,
        -- a file of iRacing can hold the laps of one car alone; a chart, which has places, those of all
        race_id not like 'iracing:%' or position_after_lap is not null as is_of_all_cars
    from {{ ref('int_race_laps_deduplicated') }}
    where race_id = any(array({{ changed_keys(ref('int_race_lap_inputs'), 'race_id') }}))
),

-- a lap that nothing dates ended after those before it
bounded as (
    select
        *,
        coalesce(
            crossing, 1 + max(crossing) over (partition by race_id, entry_id order by lap_number), 0
        ) as crossing_at_least,
        -- of a lap that is missing nobody knows when it ended
        case
            when lap_number > 1 + lag(lap_number, 1, 0) over (partition by race_id, entry_id order by lap_number)
                then 1 + lag(lap_number, 1, 0) over (partition by race_id, entry_id order by lap_number)
        end as missing_from
    from laps
),

-- a place counts the cars that ended the same lap before; it is unknown if another car may have been among them
placed as (
    select
        *,
        case
            when
                crossing is not null and is_of_all_cars and not bool_or(crossing is null) over in_lap
                and lap_number < coalesce(min(missing_from) over (partition by race_id), lap_number + 1)
                then cast(rank() over in_lap as integer)
        end as place_in_lap,
        max(lap_number) filter (where crossing is not null) over in_race as leader_laps,
        max(lap_number) over in_race as leader_laps_at_most
    from bounded
    window
        in_lap as (partition by race_id, lap_number order by crossing_at_least),
        in_race as (partition by race_id order by crossing_at_least)
),

ranked as (
    select
        *,
        coalesce(position_after_lap, place_in_lap) as place,
        case
            when position_after_lap is not null then 'file'
            when place_in_lap is not null then case when crossing_number is null then 'lap_times' else 'lap_order' end
        end as position_source,
        case
            when gap_to_leader_ms is not null then 0
            when laps_down is not null then laps_down
            when crossing is not null and is_of_all_cars and leader_laps = leader_laps_at_most
                then leader_laps - lap_number
        end as laps_behind
    from placed
),

timed as (
    select
        *,
        case when first_value(place) over in_lap = 1 then session_time_ms - first_value(session_time_ms) over in_lap end
            as behind_leader_ms,
        case when lag(place) over in_lap = place - 1 then session_time_ms - lag(session_time_ms) over in_lap end
            as behind_car_ahead_ms
    from ranked
    window in_lap as (partition by race_id, lap_number order by place nulls last, entry_id)
)

select
    race_id,
    entry_id,
    entrant_id,
    driver_id,
    line_number,
    lap_number,
    driver_index,
    lap_time_ms,
    sector_1_ms,
    sector_2_ms,
    sector_3_ms,
    session_time_ms,
    place as position_after_lap,
    position_source,
    coalesce(gap_to_leader_ms, case when laps_behind = 0 and behind_leader_ms >= 0 then behind_leader_ms end)
        as gap_to_leader_ms,
    case when behind_car_ahead_ms >= 0 then behind_car_ahead_ms end as gap_ahead_ms,
    laps_behind as laps_down,
    tyre_compound_front,
    tyre_compound_rear,
    tyre_tread_front_left_fraction,
    tyre_tread_front_right_fraction,
    tyre_tread_rear_left_fraction,
    tyre_tread_rear_right_fraction,
    fuel_fraction,
    fuel_used_fraction,
    virtual_energy_fraction,
    virtual_energy_used_fraction,
    lap_events,
    is_valid,
    is_pit_lap,
    is_formation_lap,
    is_known_entry,
    file_id
from timed
