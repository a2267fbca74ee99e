{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_layouts',
    pre_hook='{{ find_sessions_by_index() }}',
) }}
{%- set touched = var('pedal_touched_ratio') %}
{%- set still = var('steering_still_dps') %}
{%- set touched_s %}
    case when brake_ratio >= {{ touched }} and previous_brake_ratio < {{ touched }} then previous_s end
{%- endset %}

with sessions as (
    select session_id from {{ ref('int_telemetry_session_layouts') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_layouts'), 'session_id')) }}
),

-- Each session by itself: its samples are sorted in memory, and what it costs depends on no other.
measured as (
    select
        laps.lap_number,
        pieces.*
    from sessions
    {{ each_session() }} (
        with samples as (
            select
                samples.*,
                {{ cornering_g() }} as cornering_g
            from {{ ref('int_telemetry_lap_samples') }} as samples
            {{ of_session('samples') }}
        ),

        -- pieces follow each other in time: one order serves the session and its laps
        steps as (
            select
                *,
                lead(elapsed_s) over clock as next_elapsed_s,
                lag(piece_number) over clock as previous_piece_number,
                -- not as the samples give it: they would be sorted and counted through once more for it
                lag(elapsed_s) over clock as previous_s,
                elapsed_s - lag(elapsed_s) over clock as step_s,
                throttle_ratio - lag(throttle_ratio) over clock as throttle_step,
                brake_ratio - lag(brake_ratio) over clock as brake_step,
                lag(brake_ratio) over clock as previous_brake_ratio,
                steering_deg - lag(steering_deg) over clock as steering_step_deg,
                max(brake_ratio) over (partition by session_id, piece_number) as hardest_brake_ratio
            from samples
            window clock as (partition by session_id order by piece_number, elapsed_s)
        ),

        -- A running maximum of (time, value) carries the last value of the lap that counts past those that do not:
        -- gear 0 between two gears, a wheel held still between two movements, the moment the brake was touched.
        carried as (
            select
                *,
                -- the time that a sample stands for: up to the next one, or from line to line at the lap's ends
                least(coalesce(next_elapsed_s, ended_elapsed_s), ended_elapsed_s)
                - case when previous_piece_number = piece_number then elapsed_s else started_elapsed_s end
                    as weight_s,
                case when previous_piece_number = piece_number then step_s end as lap_step_s,
                max(
                    case
                        when gear <> 0
                            then {{ array_of(['elapsed_s', 'cast(gear as ' ~ type_double() ~ ')']) }}
                    end
                ) over before_this as last_gear,
                max(case
                    when
                        abs(steering_step_deg) >= {{ still }} * step_s
                        then {{ array_of(['elapsed_s', 'sign(steering_step_deg)']) }}
                end) over before_this as last_turning,
                coalesce({{ touched_s }}, max({{ touched_s }}) over before_this) as brake_touched_s,
                max(case
                    when
                        brake_ratio >= {{ var('brake_built_up_ratio') }} * hardest_brake_ratio
                        and hardest_brake_ratio >= {{ touched }}
                        then elapsed_s
                end) over before_this as last_built_up_s
            from steps
            window
                before_this as (
                    partition by session_id, piece_number
                    order by elapsed_s
                    rows between unbounded preceding and 1 preceding
                )
        )

        select
            session_id,
            piece_number,
            sum(case when throttle_ratio is not null then weight_s end) as throttle_s,
            sum(case when throttle_ratio >= {{ var('full_throttle_ratio') }} then weight_s end) as full_throttle_s,
            sum(case when brake_ratio is not null then weight_s end) as brake_s,
            sum(case when brake_ratio >= {{ touched }} then weight_s end) as braking_s,
            sum(case when throttle_ratio is not null and brake_ratio is not null then weight_s end) as pedals_s,
            sum(case when throttle_ratio < {{ touched }} and brake_ratio < {{ touched }} then weight_s end)
                as coasting_s,
            sum(case when throttle_ratio >= {{ touched }} and brake_ratio >= {{ touched }} then weight_s end)
                as overlap_s,
            sum(case when brake_ratio is not null and cornering_g is not null then weight_s end) as trail_known_s,
            sum(
                case
                    when
                        brake_ratio >= {{ touched }} and abs(cornering_g) >= {{ var('cornering_lat_g') }}
                        then weight_s
                end
            )
                as trail_braking_s,
            sqrt(
                sum(throttle_step * throttle_step / lap_step_s)
                / nullif(sum(case when throttle_step is not null then lap_step_s end), 0)
            ) as throttle_rate_rms,
            max(brake_step / lap_step_s) as peak_brake_rate,
            -- the first sample of an application that is built up
            avg(case
                when
                    brake_ratio >= {{ var('brake_built_up_ratio') }} * hardest_brake_ratio
                    and hardest_brake_ratio >= {{ touched }}
                    and brake_touched_s >= started_elapsed_s
                    and coalesce(last_built_up_s < brake_touched_s, true)
                    then elapsed_s - brake_touched_s
            end) as brake_build_up_s,
            sqrt(
                sum(steering_step_deg * steering_step_deg / lap_step_s)
                / nullif(sum(case when steering_step_deg is not null then lap_step_s end), 0)
            ) as steering_rate_rms_dps,
            count(steering_deg) as steering_samples,
            count(case
                when
                    abs(steering_step_deg) >= {{ still }} * lap_step_s
                    and {{ item_at('last_turning', 2) }} <> sign(steering_step_deg)
                    then 1
            end) as steering_reversals,
            count(gear) as gear_samples,
            count(case when gear <> 0 and {{ item_at('last_gear', 2) }} <> gear then 1 end) as gear_changes,
            min(speed_mps) as lowest_speed_mps,
            max(speed_mps) as highest_speed_mps,
            max(abs(lat_g)) as peak_lat_g,
            max(long_g) as peak_accelerating_g,
            -min(long_g) as peak_braking_g,
            max(sqrt(lat_g * lat_g + long_g * long_g)) as peak_combined_g
        from carried
        group by session_id, piece_number
    ) as pieces {{ on_session('pieces') }}
    inner join {{ ref('fct_laps') }} as laps
        on sessions.session_id = laps.session_id and pieces.piece_number = laps.piece_number and laps.is_complete
)

select
    session_id,
    lap_number,
    {{ share_of('full_throttle_s', 'throttle_s') }} as full_throttle_ratio,
    {{ share_of('braking_s', 'brake_s') }} as braking_ratio,
    {{ share_of('coasting_s', 'pedals_s') }} as coasting_ratio,
    {{ share_of('trail_braking_s', 'trail_known_s') }} as trail_braking_ratio,
    {{ share_of('overlap_s', 'pedals_s') }} as pedal_overlap_ratio,
    {{ fixed('throttle_rate_rms', 9, 3) }} as throttle_rate_rms_per_s,
    {{ fixed('case when brake_s > 0 then peak_brake_rate end', 9, 3) }} as peak_brake_rate_per_s,
    {{ fixed('brake_build_up_s', 9, 3) }} as brake_build_up_s,
    {{ fixed('steering_rate_rms_dps', 9, 2) }} as steering_rate_rms_dps,
    cast(case when steering_samples > 0 then steering_reversals end as integer) as steering_reversals,
    cast(case when gear_samples > 0 then gear_changes end as integer) as gear_changes,
    {{ fixed('lowest_speed_mps * 3.6', 6, 1) }} as min_speed_kph,
    {{ fixed('highest_speed_mps * 3.6', 6, 1) }} as max_speed_kph,
    {{ fixed('peak_lat_g', 6, 2) }} as peak_lat_g,
    {{ fixed('peak_accelerating_g', 6, 2) }} as peak_accelerating_g,
    {{ fixed('peak_braking_g', 6, 2) }} as peak_braking_g,
    {{ fixed('peak_combined_g', 6, 2) }} as peak_combined_g,
    throttle_s is not null as has_throttle,
    brake_s is not null as has_brake,
    steering_samples > 0 as has_steering,
    gear_samples > 0 as has_gear,
    highest_speed_mps is not null as has_speed,
    peak_lat_g is not null as has_lateral_g,
    peak_accelerating_g is not null as has_longitudinal_g
from measured
