{{ config(
    materialized='view' if target.type == 'postgres' else 'incremental',
    key='session_id',
    fingerprints='int_telemetry_session_layouts',
    goes_with='raw',
) }}

-- All joins come before the first window: one sort of a session's samples then serves every window here and in the
-- models that read this, each session by itself.
with samples as (
    select * from {{ ref('int_telemetry_samples') }}
    where {{ is_due_in_lake('session_id', 'int_telemetry_session_layouts') }}
),

laps as (
    select * from {{ ref('int_telemetry_laps_segmented') }}
),

layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

starts as (
    select
        session_id,
        {{ ordered_list('piece_number', ['started_elapsed_s']) }} as piece_numbers,
        {{ ordered_list('started_elapsed_s', ['started_elapsed_s']) }} as starts_s
    from {{ ref('int_telemetry_laps_segmented') }}
    group by session_id
),

steps as (
    select
        samples.session_id,
        laps.piece_number,
        laps.distance_source,
        samples.elapsed_s,
        laps.started_elapsed_s,
        laps.ended_elapsed_s + laps.last_sample_s as ended_elapsed_s,
        laps.start_driven_m,
        laps.driven_m as lap_driven_m,
        laps.highest_lap_distance_m,
        layouts.length_m,
        -- samples beside the line may still carry the distance of the other lap
        cast(samples.lap_distance_ratio as {{ type_double() }}) + case
            when
                samples.lap_distance_ratio > {{ var('line_crossing_ratio') }}
                and samples.elapsed_s - laps.started_elapsed_s < {{ var('lap_channel_lag_s') }} and laps.begins_at_line
                then -1
            when
                samples.lap_distance_ratio < 1 - {{ var('line_crossing_ratio') }}
                and laps.ended_elapsed_s - samples.elapsed_s < {{ var('lap_channel_lag_s') }} and laps.stops_at_line
                then 1
            else 0
        end as lap_ratio,
        -- the quotient of two reals is one in PostgreSQL alone
        cast(cast(samples.lap_distance_m / laps.highest_lap_distance_m as real) as {{ type_double() }}) + case
            when
                samples.lap_distance_m > {{ var('line_crossing_ratio') }} * laps.highest_lap_distance_m
                and samples.elapsed_s - laps.started_elapsed_s < {{ var('lap_channel_lag_s') }} and laps.begins_at_line
                then -1
            when
                samples.lap_distance_m < (1 - {{ var('line_crossing_ratio') }}) * laps.highest_lap_distance_m
                and laps.ended_elapsed_s - samples.elapsed_s < {{ var('lap_channel_lag_s') }} and laps.stops_at_line
                then 1
            else 0
        end as lap_distance_ratio,
        (samples.distance_m - laps.start_distance_m) / nullif(laps.distance_driven_m, 0) as distance_ratio,
        cast(coalesce(samples.speed_kph, samples.gps_speed_kph) as {{ type_double() }}) / 3.6 as speed_mps,
        cast(coalesce(samples.throttle_ratio, samples.throttle_pedal_ratio) as {{ type_double() }}) as throttle_ratio,
        cast(samples.brake_ratio as {{ type_double() }}) as brake_ratio,
        cast(samples.clutch_pedal_ratio as {{ type_double() }}) as clutch_pedal_ratio,
        cast(samples.steering_deg as {{ type_double() }}) as steering_deg,
        samples.gear,
        cast(samples.rpm as {{ type_double() }}) as rpm,
        cast(samples.lat_g as {{ type_double() }}) as lat_g,
        cast(samples.long_g as {{ type_double() }}) as long_g,
        cast(samples.yaw_rate_dps as {{ type_double() }}) as yaw_rate_dps,
        -- Looked up only where positions place the car: place, latitude, longitude and curvature. Of fixes that are not
        -- near the line there is no place, nor of pieces that are no lap.
        case when layouts.has_line then {{ place_of('samples', 'laps') }} end as projected,
        -- a receiver without a fix says 0, 0
        case when samples.lat_deg <> 0 or samples.lon_deg <> 0 then samples.lat_deg end as lat_deg,
        case when samples.lat_deg <> 0 or samples.lon_deg <> 0 then samples.lon_deg end as lon_deg
    from samples
    inner join starts on samples.session_id = starts.session_id
    inner join layouts on samples.session_id = layouts.session_id
    {{ join_places('samples') }}
    inner join laps
        on
            samples.session_id = laps.session_id
            and {{ item_at('starts.piece_numbers', bucket_of('samples.elapsed_s', 'starts.starts_s')) }}
            = laps.piece_number
            -- a row past the line at the end of the file is in no lap
            and samples.elapsed_s <= laps.ended_elapsed_s + laps.last_sample_s
),

lagged as (
    select
        *,
        lag(elapsed_s) over (partition by session_id order by elapsed_s) as previous_elapsed_s,
        lag(speed_mps) over (partition by session_id order by elapsed_s) as previous_speed_mps
    from steps
),

driven as (
    select
        *,
        sum(greatest((speed_mps + previous_speed_mps) / 2, 0) * (elapsed_s - previous_elapsed_s)) over (
            partition by session_id order by elapsed_s rows unbounded preceding
        ) as driven_m
    from lagged
),

placed as (
    select
        *,
        coalesce({{ item_at('projected', 1) }}, length_m * case distance_source
            when 'lap_ratio' then lap_ratio
            when 'lap_distance' then lap_distance_ratio
            when 'speed' then (coalesce(driven_m, 0) - start_driven_m) / nullif(lap_driven_m, 0)
            when 'distance' then distance_ratio
        end) as distance_m
    from driven
)

select
    session_id,
    piece_number,
    elapsed_s,
    previous_elapsed_s,
    started_elapsed_s,
    ended_elapsed_s,
    cast(length_m as {{ type_double() }}) as length_m,
    distance_m,
    -- who turns round or is pushed back passes the same place again: the first passage counts
    max(piece_number * 1000000 + distance_m) over (
        partition by session_id order by elapsed_s rows unbounded preceding
    ) - piece_number * 1000000 as reached_m,
    speed_mps,
    throttle_ratio,
    brake_ratio,
    clutch_pedal_ratio,
    steering_deg,
    gear,
    rpm,
    lat_g,
    long_g,
    coalesce(case
        when speed_mps >= {{ var('curvature_lowest_speed_mps') }}
            then coalesce(radians(yaw_rate_dps) / speed_mps, lat_g * 9.80665 / (speed_mps * speed_mps))
    end, {{ item_at('projected', 4) }}) as curvature_per_m,
    coalesce({{ item_at('projected', 2) }}, lat_deg) as lat_deg,
    coalesce({{ item_at('projected', 3) }}, lon_deg) as lon_deg
from placed
