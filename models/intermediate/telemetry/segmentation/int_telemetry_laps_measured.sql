{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_sessions',
    pre_hook='{{ find_sessions_by_index() }}',
) }}
{%- set wheels = ['fl', 'fr', 'rl', 'rr'] %}
{%- set start_s = item_at('starts_s', 'piece_number') -%}
{%- set later_m = 'case when lap_distance_ratio > 0.5 then lap_distance_m end' -%}
{%- set later_ratio = 'case when lap_distance_ratio > 0.5 and lap_distance_m is not null then lap_distance_ratio end' %}

with samples as (
    select
        *,
        cast(coalesce(speed_kph, gps_speed_kph) as {{ type_double() }}) / 3.6 as speed_mps
    from {{ ref('int_telemetry_samples') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_sessions'), 'session_id')) }}
),

starts as (
    select
        session_id,
        {{ ordered_list('start_s', ['piece_number']) }} as starts_s
    from {{ ref('int_telemetry_lap_starts') }}
    group by session_id
),

-- Samples are read in the order of their key, which serves every window; nothing is sorted.
clocked as (
    select
        session_id,
        elapsed_s,
        lap_distance_ratio,
        lap_distance_m,
        distance_m,
        lap_elapsed_s,
        last_lap_time_s,
        speed_mps,
        fuel_l,
        on_pit_road,
        is_on_track,
        incident_count,
        session_flags,
        sector_number,
        {% for wheel in wheels -%}
            coalesce(tyre_temp_core_{{ wheel }}_c, tyre_temp_surface_m_{{ wheel }}_c) as tyre_temp_{{ wheel }}_c,
        {% endfor -%}
        air_temp_c,
        track_temp_c,
        coalesce(yaw_rate_dps, lat_g) as turning,
        lat_deg,
        lon_deg,
        lag(elapsed_s) over clock as previous_elapsed_s,
        lead(elapsed_s) over clock as next_elapsed_s,
        lag(lap_distance_ratio) over clock as previous_ratio,
        lag(distance_m) over clock as previous_distance_m,
        lag(fuel_l) over clock as previous_fuel_l,
        lag(incident_count) over clock as previous_incident_count,
        greatest((speed_mps + lag(speed_mps) over clock) / 2, 0) * (elapsed_s - lag(elapsed_s) over clock) as step_m
    from samples
    window clock as (partition by session_id order by elapsed_s)
),

placed as (
    select
        clocked.*,
        starts.starts_s,
        {{ bucket_of('clocked.elapsed_s', 'starts.starts_s') }} as piece_number
    from clocked
    inner join starts on clocked.session_id = starts.session_id
),

-- beside a window every expression is computed once a row, not once for each use
edged as (
    select
        *,
        coalesce(previous_elapsed_s < {{ start_s }}, true) as is_first,
        next_elapsed_s is null or coalesce(next_elapsed_s >= {{ item_at('starts_s', 'piece_number + 1') }}, false)
            as is_last,
        -- share of the step to this sample that lies before the lap's line
        case
            when previous_elapsed_s < {{ start_s }}
                then ({{ start_s }} - previous_elapsed_s) / (elapsed_s - previous_elapsed_s)
        end as step_share_before,
        -- metres driven from the first sample to the one before
        sum(step_m) over (
            partition by session_id order by elapsed_s rows between unbounded preceding and 1 preceding
        ) as previous_driven_m
    from placed
),

driven as (
    select
        *,
        coalesce(previous_driven_m + step_m, previous_driven_m, step_m) as driven_m
    from edged
)

select
    session_id,
    piece_number,
    cast(count(*) as integer) as sample_count,
    min(elapsed_s) as first_elapsed_s,
    max(elapsed_s) as last_elapsed_s,
    -- a hole across the line belongs to the laps on both sides of it
    max(greatest(elapsed_s - previous_elapsed_s, next_elapsed_s - elapsed_s)) as longest_gap_s,
    max(case when is_first then coalesce(
                coalesce(previous_driven_m, 0)
                + (driven_m - coalesce(previous_driven_m, 0)) * step_share_before,
                driven_m,
                0
            )
    end) as start_driven_m,
    coalesce(max(driven_m), 0) as last_driven_m,
    max(case when is_first then coalesce(
                previous_distance_m + (distance_m - previous_distance_m) * step_share_before, distance_m
            )
    end) as start_distance_m,
    max(case when is_last then distance_m end) as last_distance_m,
    min(lap_distance_ratio) as lowest_ratio,
    max(lap_distance_ratio) as highest_ratio,
    max(case when not is_first then abs(lap_distance_ratio - previous_ratio) end) as longest_ratio_step,
    min(lap_distance_m) as lowest_lap_distance_m,
    -- where a lap begins, the distance may still be that of the lap before
    coalesce(
        max(case
            when elapsed_s >= {{ start_s }} + {{ var('lap_channel_lag_s') }} then lap_distance_m
        end),
        max(lap_distance_m)
    ) as highest_lap_distance_m,
    -- a sim that gives both says how long it takes the lap to be
    {{ sum_in_order(later_m, 'elapsed_s', 'real') }}
    / nullif({{ sum_in_order(later_ratio, 'elapsed_s', 'real') }}, 0) as declared_length_m,
    count(lap_distance_ratio) as ratio_samples,
    count(lap_distance_m) as lap_distance_samples,
    count(distance_m) as distance_samples,
    count(speed_mps) as speed_samples,
    count(turning) as turning_samples,
    max(speed_mps) * 3.6 as max_speed_kph,
    max(case when is_first then fuel_l end) as fuel_at_start_l,
    max(case when is_last then fuel_l end) as fuel_at_end_l,
    max(case when not is_first then fuel_l - previous_fuel_l end) as largest_fuel_rise_l,
    max(case when is_last then lap_elapsed_s end) as last_lap_elapsed_s,
    max(case when is_last then last_lap_time_s end) as last_lap_time_s,
    bool_or(on_pit_road) as has_pit_road,
    bool_or(case when is_first then on_pit_road end) as starts_on_pit_road,
    bool_or(case when is_last then on_pit_road end) as ends_on_pit_road,
    bool_or(coalesce(not is_on_track, false)) as leaves_track,
    cast(sum(case
        when incident_count >= previous_incident_count then incident_count - previous_incident_count
        when incident_count is not null then 0
    end) as integer) as incidents,
    bool_or((session_flags & {{ var('caution_flags') }}) <> 0) as has_caution,
    {% for wheel in wheels -%}
        {{ mean_in_order('tyre_temp_' ~ wheel ~ '_c', 'elapsed_s') }} as tyre_temp_{{ wheel }}_c,
    {% endfor -%}
    {{ mean_in_order('air_temp_c', 'elapsed_s') }} as air_temp_c,
    {{ mean_in_order('track_temp_c', 'elapsed_s') }} as track_temp_c,
    cast(max(sector_number) as integer) as sectors,
    min(case when sector_number = 2 then elapsed_s end) as sector_2_s,
    min(case when sector_number = 3 then elapsed_s end) as sector_3_s,
    min(case when lat_deg <> 0 or lon_deg <> 0 then lat_deg end) as lowest_lat_deg,
    min(case when lat_deg <> 0 or lon_deg <> 0 then lon_deg end) as lowest_lon_deg
from driven
group by session_id, piece_number
