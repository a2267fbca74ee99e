{{ config(
    materialized='incremental',
    key='session_id',
    key_type='uuid',
    fingerprints='int_telemetry_session_corners',
    pre_hook='{{ find_sessions_by_index() }}',
) }}
{%- set touched = var('pedal_touched_ratio') %}
{%- set speed_in_corner -%}
    case when zoned.reached_m between corners.start_m and corners.end_m then zoned.speed_mps end
{%- endset %}

with sessions as (
    select * from {{ ref('int_telemetry_session_corners') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_session_corners'), 'session_id')) }}
),

laps as (
    select * from {{ ref('fct_laps') }}
    where is_trace_eligible
),

track_corners as (
    select
        *,
        case direction when 'left' then 1 else -1 end as side,
        row_number() over (partition by layout_key order by zone_start_m) as zone_number,
        lag(end_m) over (partition by layout_key order by zone_start_m) as previous_end_m
    from {{ ref('int_track_corners') }}
),

-- Each session by itself: its samples are sorted in memory, and what it costs depends on no other.
measured as (
    select
        sessions.layout_key,
        laps.lap_number,
        laps.lap_time_s,
        laps.is_pace_eligible,
        cast(laps.lap_time_s as {{ type_double() }}) / cast(laps.measured_lap_time_s as {{ type_double() }})
        * of_corners.zone_started_s
            as zone_entered_s,
        of_corners.*
    from sessions
    {{ each_session() }} (
        with corners as (
            select
                sessions.session_id,
                track_corners.*
            from track_corners
            {{ of_session('track_corners', 'layout_key') }}
        ),

        zones as (
            select
                session_id,
                {{ ordered_list('cast(zone_start_m as ' ~ type_double() ~ ')', ['zone_start_m']) }} as zone_starts_m
            from corners
            group by session_id
        ),

        samples as (
            select
                samples.*,
                {{ cornering_g() }} as cornering_g
            from {{ ref('int_telemetry_lap_samples') }} as samples
            {{ of_session('samples') }}
        ),

        steps as (
            select
                *,
                lag(piece_number) over clock as previous_piece_number,
                lag(reached_m) over clock as previous_reached_m,
                lag(speed_mps) over clock as previous_speed_mps,
                lag(throttle_ratio) over clock as previous_throttle_ratio,
                lag(cornering_g) over clock as previous_cornering_g
            from samples
            window clock as (partition by session_id order by elapsed_s)
        ),

        -- reached before the step and after it, in metres of this lap
        stepped as (
            select
                *,
                previous_reached_m - case when previous_piece_number = piece_number then 0 else length_m end
                    as from_m
            from steps
            where
                reached_m is not null
                -- a list: a join would be tried lap by lap
                {% set pieces -%}
                    select fct_laps.piece_number
                    from {{ ref('fct_laps') }} as fct_laps
                    {{ of_session('fct_laps') }} and fct_laps.is_trace_eligible
                {%- endset -%}
                and {{ is_any_of('piece_number', pieces) }}
        ),

        zoned as (
            select
                stepped.*,
                nullif(stepped.reached_m - stepped.from_m, 0) as step_m,
                {{ bucket_of('greatest(stepped.reached_m, 0)', 'zones.zone_starts_m') }} as zone_number,
                case
                    when stepped.previous_piece_number = stepped.piece_number
                        then {{ bucket_of('greatest(stepped.previous_reached_m, 0)', 'zones.zone_starts_m') }}
                end as previous_zone_number
            from stepped
            inner join zones on {{ is_same_session('stepped', 'zones') }}
        )

        select
            zoned.session_id,
            zoned.piece_number,
            corners.corner_number,
            min(case
                when zoned.previous_zone_number is null then 0
                when zoned.previous_zone_number < zoned.zone_number
                    then
                        zoned.previous_elapsed_s - zoned.started_elapsed_s
                        + (cast(corners.zone_start_m as {{ type_double() }}) - zoned.from_m) / zoned.step_m
                        * (zoned.elapsed_s - zoned.previous_elapsed_s)
            end) as zone_started_s,
            min(
                case
                    when
                        zoned.brake_ratio >= {{ touched }} and zoned.reached_m <= corners.apex_m
                        then zoned.reached_m
                end
            )
                as brake_point_m,
            max(case
                when
                    zoned.cornering_g * corners.side >= {{ var('cornering_lat_g') }}
                    and zoned.previous_cornering_g * corners.side < {{ var('cornering_lat_g') }}
                    and zoned.reached_m <= corners.apex_m
                    then zoned.reached_m
            end) as turn_in_m,
            max(case
                when
                    zoned.throttle_ratio >= {{ touched }}
                    and zoned.previous_throttle_ratio < {{ touched }}
                    and zoned.reached_m <= corners.end_m
                    then zoned.reached_m
            end) as throttle_on_m,
            max({{ speed_at('corners.start_m') }}) as entry_speed_mps,
            max({{ speed_at('corners.end_m') }}) as exit_speed_mps,
            -- of two corners close together the one may be left by the step that enters the zone of the other
            max(
                case
                    when zoned.previous_zone_number < zoned.zone_number
                        then {{ speed_at('corners.previous_end_m') }}
                end
            )
                as previous_exit_speed_mps,
            min({{ speed_in_corner }}) as min_speed_mps,
            {{ value_at_lowest(speed_in_corner, 'zoned.reached_m') }} as min_speed_m,
            {{ value_at_lowest('case when zoned.gear <> 0 then ' ~ speed_in_corner ~ ' end', 'zoned.gear') }}
                as min_speed_gear,
            max(abs(zoned.cornering_g)) as peak_lat_g
        from zoned
        inner join corners
            on zoned.zone_number = corners.zone_number and {{ is_same_session('zoned', 'corners') }}
        group by zoned.session_id, zoned.piece_number, corners.corner_number
    ) as of_corners {{ on_session('of_corners') }}
    inner join laps on sessions.session_id = laps.session_id and of_corners.piece_number = laps.piece_number
),

timed as (
    select
        *,
        coalesce(exit_speed_mps, lead(previous_exit_speed_mps) over lap) as left_speed_mps,
        cast(
            coalesce({{ fixed('lead(zone_entered_s) over lap', 10, 3) }}, lap_time_s)
            - {{ fixed('zone_entered_s', 10, 3) }} as numeric(10, 3)
        ) as time_s
    from measured
    window lap as (partition by session_id, lap_number order by corner_number)
),

compared as (
    select
        *,
        first_value(lap_number) over best_first as best_lap_number,
        first_value(is_pace_eligible) over best_first as has_best_lap,
        first_value(time_s) over best_first as best_lap_time_in_s
    from timed
    window best_first as (partition by session_id, corner_number order by not is_pace_eligible, lap_time_s, lap_number)
)

select
    session_id,
    lap_number,
    layout_key,
    corner_number,
    case when has_best_lap then best_lap_number end as session_best_lap_number,
    {{ fixed('brake_point_m', 9, 1) }} as brake_point_m,
    {{ fixed('turn_in_m', 9, 1) }} as turn_in_m,
    {{ fixed('min_speed_m', 9, 1) }} as min_speed_m,
    -- a throttle that was opened before the braking was not closed for the corner
    {{ fixed('case when throttle_on_m > brake_point_m or brake_point_m is null then throttle_on_m end', 9, 1) }}
        as throttle_on_m,
    {{ fixed('entry_speed_mps * 3.6', 6, 1) }} as entry_speed_kph,
    {{ fixed('least(min_speed_mps, entry_speed_mps, left_speed_mps) * 3.6', 6, 1) }} as min_speed_kph,
    {{ fixed('left_speed_mps * 3.6', 6, 1) }} as exit_speed_kph,
    {{ to_whole('min_speed_gear', 'smallint') }} as gear,
    {{ fixed('peak_lat_g', 6, 2) }} as peak_lat_g,
    time_s,
    cast(case when has_best_lap then time_s - best_lap_time_in_s end as numeric(10, 3)) as delta_s
from compared
