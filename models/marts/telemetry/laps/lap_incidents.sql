{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_corners',
    pre_hook='{{ find_sessions_by_index() }}',
) }}

with laps as (
    select
        laps.session_id,
        laps.lap_number,
        laps.started_elapsed_s,
        lead(laps.started_elapsed_s) over (
            partition by laps.session_id order by laps.piece_number
        ) as next_started_elapsed_s,
        laps.longest_gap_s,
        laps.incidents,
        laps.session_started_at
    from {{ ref('fct_laps') }} as laps
    where {{ is_any_of('laps.session_id', changed_keys(ref('int_telemetry_session_corners'), 'session_id')) }}
),

layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

corners as (
    select
        *,
        lead(zone_start_m) over (partition by layout_key order by zone_start_m) as next_zone_start_m
    from {{ ref('int_track_corners') }}
),

-- the laps alone that have incidents, and the sample before each
counted as (
    select
        laps.session_id,
        laps.lap_number,
        laps.started_elapsed_s,
        samples.elapsed_s,
        samples.lap_distance_ratio,
        samples.lap_distance_m,
        coalesce(samples.speed_kph, samples.gps_speed_kph) as speed_kph,
        samples.incident_count
        - lag(samples.incident_count) over (
            partition by laps.session_id, laps.lap_number order by samples.elapsed_s
        ) as points,
        laps.session_started_at
    from laps
    inner join {{ ref('int_telemetry_samples') }} as samples
        on
            laps.session_id = samples.session_id
            and laps.session_started_at = samples.session_started_at
            -- a gap over the line counts as one of the lap, and is rounded to milliseconds
            and laps.started_elapsed_s - laps.longest_gap_s - 0.001 <= samples.elapsed_s
            and (laps.next_started_elapsed_s > samples.elapsed_s or laps.next_started_elapsed_s is null)
    where laps.incidents > 0
),

told as (
    select
        counted.*,
        layouts.layout_key,
        coalesce(counted.lap_distance_ratio * layouts.length_m, counted.lap_distance_m) as told_m
    from counted
    inner join layouts on counted.session_id = layouts.session_id
    where counted.points > 0 and counted.elapsed_s >= counted.started_elapsed_s
),

placed as (
    select
        *,
        -- a car a little before the line may be told as of the new lap
        case when told_m < 0 then 0 else told_m end as place_m
    from told
)

select
    placed.session_id,
    placed.elapsed_s,
    placed.lap_number,
    case when corners.corner_number is not null then placed.layout_key end as layout_key,
    corners.corner_number,
    cast(placed.points as integer) as incident_points,
    {{ fixed('placed.place_m', 9, 1) }} as lap_distance_m,
    {{ fixed('placed.speed_kph', 6, 1, digits=6) }} as speed_kph,
    placed.session_started_at
from placed
left join corners
    on
        placed.layout_key = corners.layout_key
        and placed.place_m >= corners.zone_start_m
        and (placed.place_m < corners.next_zone_start_m or corners.next_zone_start_m is null)
