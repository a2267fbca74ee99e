{{ config(materialized='table') }}

with pieces as (
    select * from {{ ref('int_telemetry_laps_segmented') }}
),

layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

parts as (
    select
        session_id,
        started_elapsed_s as part_started_s,
        lead(started_elapsed_s) over (partition by session_id order by started_elapsed_s) as next_part_started_s,
        event_session_id
    from {{ ref('int_telemetry_session_parts') }}
),

measured as (
    select
        *,
        begins_at_line and stops_at_line as is_complete,
        cast(case
            when begins_at_line and stops_at_line then ended_elapsed_s - started_elapsed_s + last_sample_s
        end as numeric(10, 3)) as measured_lap_time_s,
        fuel_at_start_l - fuel_at_end_l as fuel_used_l
    from pieces
),

-- in a warehouse of an older version the pieces may still have a column `reported_lap_time_s`
reported as (
    select
        *,
        case
            when stated_lap_time_s is not null then 'file'
            when channel_lap_time_s is not null then 'channel'
            when lap_source = 'beacons' then 'beacons'
        end as reported_by,
        cast(case
            when is_complete
                then
                    coalesce(
                        stated_lap_time_s,
                        channel_lap_time_s,
                        -- the logger was told of both lines
                        case when lap_source = 'beacons' then measured_lap_time_s end
                    )
        end as numeric(10, 3)) as reported_s
    from measured
),

completed as (
    select
        *,
        coalesce(reported_s, measured_lap_time_s) as lap_time_s,
        coalesce(reported_s / nullif(measured_lap_time_s, 0), 1) as stretch
    from reported
),

-- in milliseconds before they are subtracted, so that sectors sum to the lap
sectored as (
    select
        *,
        cast(case when is_complete then (sector_2_s - started_elapsed_s) * stretch end as numeric(10, 3))
            as sector_1_ended_s,
        cast(case when is_complete then (sector_3_s - started_elapsed_s) * stretch end as numeric(10, 3))
            as sector_2_ended_s
    from completed
),

classed as (
    select
        *,
        case
            when not stops_at_line then 'incomplete'
            -- a log that begins before the first line begins with the out lap
            when
                not begins_at_line
                and starts_on_pit_road is not true
                and not (starts_on_pit_road is null and lap_source in ('beacons', 'start_line'))
                then 'incomplete'
            when
                has_pit_road
                and coalesce(starts_on_pit_road, false) = coalesce(ends_on_pit_road, false)
                then 'pit'
            when not begins_at_line or starts_on_pit_road then 'out'
            when ends_on_pit_road then 'in'
            when incidents > 0 or leaves_track or longest_ratio_step > {{ var('lap_jump_ratio') }} then 'invalid'
            when has_caution then 'caution'
            else 'pace'
        end as lap_class
    from sectored
),

paced as (
    select
        classed.*,
        layouts.layout_key,
        layouts.length_m,
        places.placed_share,
        sessions.driver_id,
        sessions.car_id,
        sessions.layout_id,
        -- a log may go on into the next session of the event
        coalesce(sessions.event_session_id, parts.event_session_id) as event_session_id,
        min(case when classed.lap_class = 'pace' then classed.lap_time_s end)
            over (partition by classed.session_id)
            as best_lap_time_s
    from classed
    inner join sessions on classed.session_id = sessions.session_id
    inner join layouts on classed.session_id = layouts.session_id
    -- a whole lap has a place at its start, also where its session is retired and the line of the layout is another now
    left join {{ ref('int_telemetry_laps_placed') }} as places
        on
            classed.position_driven_m is not null
            and classed.session_id = places.session_id
            and classed.piece_number = places.piece_number
            and classed.started_elapsed_s = places.first_elapsed_s
    left join parts
        on
            classed.session_id = parts.session_id
            and classed.started_elapsed_s >= parts.part_started_s
            and (classed.started_elapsed_s < parts.next_part_started_s or parts.next_part_started_s is null)
),

reasoned as (
    select
        *,
        case
            when lap_class <> 'pace' then lap_class
            when lap_time_s > {{ var('pace_limit_ratio') }} * best_lap_time_s then 'slow'
        end as pace_reason,
        case
            when lap_class in ('incomplete', 'pit', 'out', 'in') then lap_class
            when placed_share < {{ var('channel_share') }} then 'off_line'
            when (distance_source is null and placed_share is null) or length_m is null then 'no_distance'
            when longest_gap_s > {{ var('trace_longest_gap_s') }} then 'gap'
            when abs(stretch - 1) > {{ var('lap_stretch_limit') }} then 'stretched'
            when longest_ratio_step > {{ var('lap_jump_ratio') }} then 'moved'
            when
                distance_source in ('speed', 'distance')
                and placed_share is null
                and abs(case distance_source when 'speed' then driven_m else distance_driven_m end / length_m - 1)
                > {{ var('trace_length_tolerance_ratio') }}
                then 'wrong_length'
        end as trace_reason,
        case
            when lap_class in ('incomplete', 'pit', 'out', 'in') then lap_class
            when fuel_used_l is null then 'no_fuel'
            when largest_fuel_rise_l > {{ var('refuel_l') }} then 'refuelled'
            when fuel_used_l <= 0 then 'none_used'
        end as fuel_reason
    from paced
),

decided as (
    select
        *,
        case
            when coalesce(pace_reason, trace_reason) is not null then coalesce(pace_reason, trace_reason)
            when driver_id is null then 'no_driver'
            when car_id is null then 'no_car'
            when layout_id is null then 'no_layout'
        end as ml_reason
    from reasoned
)

select
    session_id,
    lap_number,
    piece_number,
    event_session_id,
    layout_key,
    lap_source,
    lap_class,
    case when placed_share is not null then 'projected' else distance_source end as distance_source,
    pace_reason as pace_ineligible_reason,
    trace_reason as trace_ineligible_reason,
    fuel_reason as fuel_ineligible_reason,
    ml_reason as ml_ineligible_reason,
    sample_count,
    started_elapsed_s,
    ended_elapsed_s,
    lap_time_s,
    measured_lap_time_s,
    reported_s as reported_lap_time_s,
    case when reported_s is not null then reported_by end as lap_time_reported_by,
    cast(case when sectors in (2, 3) then sector_1_ended_s end as numeric(10, 3)) as sector_1_time_s,
    cast(case
        when sectors = 2 then lap_time_s - sector_1_ended_s
        when sectors = 3 then sector_2_ended_s - sector_1_ended_s
    end as numeric(10, 3)) as sector_2_time_s,
    cast(case when sectors = 3 then lap_time_s - sector_2_ended_s end as numeric(10, 3)) as sector_3_time_s,
    cast(longest_gap_s as numeric(10, 3)) as longest_gap_s,
    cast(coalesce(driven_m, position_driven_m) as numeric(12, 1)) as driven_m,
    cast(max_speed_kph as numeric(6, 1)) as max_speed_kph,
    cast(fuel_at_start_l as numeric(8, 3)) as fuel_at_start_l,
    cast(fuel_used_l as numeric(8, 3)) as fuel_used_l,
    cast(fuel_at_end_l as numeric(8, 3)) as fuel_left_l,
    {% for wheel in ['fl', 'fr', 'rl', 'rr'] -%}
        cast(tyre_temp_{{ wheel }}_c as numeric(5, 1)) as tyre_temp_{{ wheel }}_c,
    {% endfor -%}
    cast(air_temp_c as numeric(5, 1)) as air_temp_c,
    cast(track_temp_c as numeric(5, 1)) as track_temp_c,
    incidents,
    is_complete,
    has_pit_road,
    starts_on_pit_road,
    ends_on_pit_road,
    pace_reason is null as is_pace_eligible,
    trace_reason is null as is_trace_eligible,
    fuel_reason is null as is_fuel_eligible,
    ml_reason is null as is_ml_eligible,
    session_started_at
from decided
