{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='session_id',
    replace_key_type='uuid',
    fingerprints='int_telemetry_sessions',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['session_id', 'piece_number'], 'unique': true}],
    pre_hook='{{ find_sessions_by_index() }}',
    post_hook="{{ record_built(ref('int_telemetry_sessions'), 'session_id') }}",
) }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where session_id = any(array({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }}))
),

markers as (
    select markers.*
    from {{ ref('int_telemetry_line_markers') }} as markers
    inner join sessions on markers.session_id = sessions.session_id
),

samples as (
    select * from {{ ref('fct_telemetry_samples') }}
    where session_id = any(array({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }}))
),

-- Where laps may end: the number changes, or the distance falls back. Each session by itself: its samples are sorted
-- in memory, and what it costs depends on no other.
steps as (
    select
        sessions.session_id,
        clocked.*
    from sessions
    cross join
        lateral (
            select
                samples.elapsed_s,
                samples.lap_number,
                samples.lap_distance_ratio,
                samples.lap_distance_m,
                lag(samples.elapsed_s) over clock as previous_elapsed_s,
                lag(samples.lap_number) over clock as previous_lap_number,
                lag(samples.lap_distance_ratio) over clock as previous_ratio,
                lag(samples.lap_distance_m) over clock as previous_lap_distance_m
            from {{ ref('fct_telemetry_samples') }} as samples
            where samples.session_id = sessions.session_id
            window clock as (order by samples.elapsed_s)
        ) as clocked
    where
        clocked.lap_number is distinct from clocked.previous_lap_number
        or clocked.lap_distance_ratio < clocked.previous_ratio
        or clocked.lap_distance_m < clocked.previous_lap_distance_m
),

available as (
    select
        samples.session_id,
        min(samples.elapsed_s) as first_elapsed_s,
        max(samples.elapsed_s) as last_elapsed_s,
        -- two samples of the session: nothing is nearer to the line than that
        2 / max(sessions.sample_rate_hz) as edge_s,
        case
            when count(samples.lap_number) > 0 then 'lap_channel'
            when max(marked.marker_kind) is not null then max(marked.marker_kind)
            when count(samples.lap_distance_ratio) > 0 or count(samples.lap_distance_m) > 0 then 'distance_wrap'
            else 'none'
        end as lap_source,
        max(samples.lap_distance_m) as longest_lap_distance_m
    from samples
    inner join sessions on samples.session_id = sessions.session_id
    left join (
        select
            session_id,
            min(marker_kind) as marker_kind
        from markers
        group by session_id
    ) as marked on samples.session_id = marked.session_id
    group by samples.session_id
),

-- the line is crossed between two samples; where between them, the share of the lap on both sides tells
wraps as (
    select
        steps.session_id,
        steps.elapsed_s,
        steps.elapsed_s - steps.previous_elapsed_s as gap_s,
        case
            when steps.previous_ratio is not null
                then cast(round(cast(
                        steps.previous_elapsed_s + (steps.elapsed_s - steps.previous_elapsed_s)
                        * (1 - least(steps.previous_ratio, 1))
                        / nullif(
                            (1 - least(steps.previous_ratio, 1)) + greatest(steps.lap_distance_ratio, 0), 0
                        ) as numeric
                    ), 6) as double precision)
            else steps.elapsed_s
        end as crossed_s
    from steps
    inner join available on steps.session_id = available.session_id
    where
        (
            steps.previous_ratio > {{ var('line_crossing_ratio') }}
            and steps.lap_distance_ratio < 1 - {{ var('line_crossing_ratio') }}
        )
        or (
            steps.previous_ratio is null
            and steps.previous_lap_distance_m > {{ var('line_crossing_ratio') }} * available.longest_lap_distance_m
            and steps.lap_distance_m < (1 - {{ var('line_crossing_ratio') }}) * available.longest_lap_distance_m
        )
),

-- runs of one lap number; a number that flickers for a moment is no lap
runs as (
    select
        session_id,
        elapsed_s as run_start_s,
        elapsed_s - previous_elapsed_s as gap_s,
        lap_number,
        previous_lap_number is not null as is_crossing,
        coalesce(
            lead(elapsed_s) over (partition by session_id order by elapsed_s) - elapsed_s,
            {{ var('lap_flicker_s') }}
        ) as run_s
    from steps
    where lap_number is not null and lap_number is distinct from previous_lap_number
),

steady_runs as (
    select
        *,
        lag(lap_number) over (partition by session_id order by run_start_s) as steady_lap_number
    from runs
    where run_s >= {{ var('lap_flicker_s') }}
),

lap_changes as (
    select
        steady_runs.session_id,
        coalesce(nearest_wrap.crossed_s, steady_runs.run_start_s) as start_s,
        coalesce(nearest_wrap.gap_s, steady_runs.gap_s) as gap_s,
        steady_runs.lap_number as source_lap_number
    from steady_runs
    -- the lap channel may follow the distance some samples late
    left join lateral (
        select
            wraps.crossed_s,
            wraps.gap_s
        from wraps
        where
            wraps.session_id = steady_runs.session_id
            and abs(wraps.elapsed_s - steady_runs.run_start_s) <= {{ var('lap_channel_lag_s') }}
        order by abs(wraps.elapsed_s - steady_runs.run_start_s), wraps.crossed_s
        limit 1
    ) as nearest_wrap on true
    where steady_runs.is_crossing and steady_runs.lap_number is distinct from steady_runs.steady_lap_number
),

crossings as (
    select
        session_id,
        start_s,
        max(gap_s) as gap_s,
        max(source_lap_number) as source_lap_number
    from lap_changes
    group by session_id, start_s
    union all
    select
        wraps.session_id,
        wraps.crossed_s,
        max(wraps.gap_s) as gap_s,
        cast(null as integer) as source_lap_number
    from wraps
    inner join available on wraps.session_id = available.session_id and available.lap_source = 'distance_wrap'
    group by wraps.session_id, wraps.crossed_s
    union all
    select
        markers.session_id,
        markers.marked_s,
        0 as gap_s,
        markers.lap_number as source_lap_number
    from markers
    inner join available on markers.session_id = available.session_id
    where available.lap_source in ('beacons', 'range')
),

starts as (
    select
        session_id,
        start_s,
        source_lap_number,
        -- a line that lies in a hole of the log was crossed nobody knows when
        gap_s <= {{ var('line_crossing_gap_s') }} as starts_at_line
    from crossings
    union all
    select
        available.session_id,
        available.first_elapsed_s,
        first_runs.lap_number,
        false as starts_at_line
    from available
    left join (
        select distinct
            session_id,
            first_value(lap_number) over (partition by session_id order by run_start_s) as lap_number
        from steady_runs
    ) as first_runs on available.session_id = first_runs.session_id
    where
        not exists (
            select 1
            from crossings
            where crossings.session_id = available.session_id and crossings.start_s <= available.first_elapsed_s
        )
),

pieces as (
    select
        starts.session_id,
        starts.start_s,
        starts.source_lap_number,
        starts.starts_at_line and starts.start_s >= available.first_elapsed_s - available.edge_s as starts_at_line,
        lead(starts.start_s) over clock as next_start_s,
        lead(starts.starts_at_line) over clock
        and lead(starts.start_s) over clock <= available.last_elapsed_s + available.edge_s as ends_at_line,
        row_number() over clock as piece_number,
        count(*) over (partition by starts.session_id, starts.source_lap_number) as same_number
    from starts
    inner join available on starts.session_id = available.session_id
    window clock as (partition by starts.session_id order by starts.start_s, starts.source_lap_number nulls last)
),

edges as (
    select
        session_id,
        array_agg(start_s order by piece_number) as starts_s,
        bool_or(same_number > 1 or source_lap_number is null) as numbers_are_ours
    from pieces
    group by session_id
),

measured as (
    select
        edges.session_id,
        of_pieces.*
    from edges
    cross join lateral (
        with samples_of_session as (
            select
                samples.*,
                coalesce(samples.speed_kph, samples.gps_speed_kph) / 3.6 as speed_mps,
                edges.starts_s
            from {{ ref('fct_telemetry_samples') }} as samples
            where samples.session_id = edges.session_id
        ),

        measuring as (
            select
                elapsed_s,
                starts_s,
                lap_distance_ratio,
                lap_distance_m,
                distance_m,
                last_lap_time_s,
                speed_mps,
                fuel_l,
                on_pit_road,
                is_on_track,
                incident_count,
                session_flags,
                sector_number,
                {% for wheel in ['fl', 'fr', 'rl', 'rr'] -%}
                    coalesce(tyre_temp_core_{{ wheel }}_c, tyre_temp_surface_m_{{ wheel }}_c)
                        as tyre_temp_{{ wheel }}_c,
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
                lag(speed_mps) over clock as previous_speed_mps,
                lag(fuel_l) over clock as previous_fuel_l,
                lag(incident_count) over clock as previous_incident_count
            from samples_of_session
            window clock as (order by elapsed_s)
        ),

        placed as (
            select
                *,
                {{ bucket_of('elapsed_s', 'starts_s') }} as piece_number,
                {{ bucket_of('previous_elapsed_s', 'starts_s') }} as previous_piece_number,
                {{ bucket_of('next_elapsed_s', 'starts_s') }} as next_piece_number,
                greatest((speed_mps + previous_speed_mps) / 2, 0) * (elapsed_s - previous_elapsed_s) as step_m,
                -- metres driven from the first sample to the one before
                sum(greatest((speed_mps + previous_speed_mps) / 2, 0) * (elapsed_s - previous_elapsed_s)) over (
                    order by elapsed_s rows between unbounded preceding and 1 preceding
                ) as previous_driven_m
            from measuring
        ),

        marked as (
            select
                *,
                coalesce(piece_number <> previous_piece_number, true) as is_first,
                coalesce(next_piece_number <> piece_number, true) as is_last,
                coalesce(previous_driven_m + step_m, previous_driven_m, step_m) as driven_m,
                -- share of the step to this sample that lies before the lap's line
                case
                    when piece_number > previous_piece_number
                        then (starts_s[piece_number] - previous_elapsed_s) / (elapsed_s - previous_elapsed_s)
                end as step_share_before
            from placed
        )

        select
            piece_number,
            count(*) as sample_count,
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
            max(lap_distance_m) as highest_lap_distance_m,
            -- a sim that gives both says how long it takes the lap to be
            sum(case when lap_distance_ratio > 0.5 then lap_distance_m end)
            / nullif(
                sum(case when lap_distance_ratio > 0.5 and lap_distance_m is not null then lap_distance_ratio end), 0
            ) as declared_length_m,
            count(lap_distance_ratio) as ratio_samples,
            count(lap_distance_m) as lap_distance_samples,
            count(distance_m) as distance_samples,
            count(speed_mps) as speed_samples,
            count(turning) as turning_samples,
            max(speed_mps) * 3.6 as max_speed_kph,
            max(case when is_first then fuel_l end) as fuel_at_start_l,
            max(case when is_last then fuel_l end) as fuel_at_end_l,
            count(fuel_l) as fuel_samples,
            max(case when not is_first then fuel_l - previous_fuel_l end) as largest_fuel_rise_l,
            max(case when is_last then last_lap_time_s end) as last_lap_time_s,
            bool_or(on_pit_road) as has_pit_road,
            bool_or(case when is_first then on_pit_road end) as starts_on_pit_road,
            bool_or(case when is_last then on_pit_road end) as ends_on_pit_road,
            bool_or(is_on_track is false) as leaves_track,
            sum(case
                when incident_count >= previous_incident_count then incident_count - previous_incident_count
                when incident_count is not null then 0
            end) as incidents,
            bool_or((session_flags & {{ var('caution_flags') }}) <> 0) as has_caution,
            {% for wheel in ['fl', 'fr', 'rl', 'rr'] -%}
                avg(tyre_temp_{{ wheel }}_c) as tyre_temp_{{ wheel }}_c,
            {% endfor -%}
            avg(air_temp_c) as air_temp_c,
            avg(track_temp_c) as track_temp_c,
            max(sector_number) as sectors,
            count(sector_number) as sector_samples,
            min(case when sector_number = 2 then elapsed_s end) as sector_2_s,
            min(case when sector_number = 3 then elapsed_s end) as sector_3_s,
            min(case when lat_deg <> 0 or lon_deg <> 0 then lat_deg end) as lowest_lat_deg,
            min(case when lat_deg <> 0 or lon_deg <> 0 then lon_deg end) as lowest_lon_deg
        from marked
        group by piece_number
    ) as of_pieces
),

judged as (
    select
        measured.*,
        available.lap_source,
        available.last_elapsed_s as session_last_elapsed_s,
        edges.numbers_are_ours,
        pieces.source_lap_number,
        sessions.sample_rate_hz,
        sessions.session_started_at,
        case when pieces.starts_at_line then pieces.start_s else measured.first_elapsed_s end as start_s,
        case
            when pieces.ends_at_line or pieces.next_start_s <= available.last_elapsed_s then pieces.next_start_s
            else measured.last_elapsed_s
        end as end_s,
        pieces.starts_at_line,
        coalesce(pieces.ends_at_line, false) as ends_at_line,
        measured.lowest_ratio < {{ var('lap_edge_ratio') }}
        or measured.lowest_lap_distance_m
        < {{ var('lap_edge_ratio') }} * available.longest_lap_distance_m as begins_near_line,
        measured.highest_ratio > 1 - {{ var('lap_edge_ratio') }}
        or (
            measured.highest_lap_distance_m > (1 - {{ var('lap_edge_ratio') }}) * max(
                case when pieces.ends_at_line then measured.highest_lap_distance_m end
            ) over (partition by pieces.session_id)
        ) as stops_near_line
    from pieces
    inner join available on pieces.session_id = available.session_id
    inner join edges on pieces.session_id = edges.session_id
    inner join sessions on pieces.session_id = sessions.session_id
    inner join measured on pieces.session_id = measured.session_id and pieces.piece_number = measured.piece_number
),

lined as (
    select
        *,
        -- at the edge of a file a lap may begin or stop at the line, but not in the pits beside it
        coalesce(starts_at_line or (begins_near_line and starts_on_pit_road is not true), false) as begins_at_line,
        coalesce(ends_at_line or (stops_near_line and ends_on_pit_road is not true), false) as stops_at_line,
        -- metres driven are counted from line to line, not from sample to sample
        coalesce(lead(start_driven_m) over pieces_in_order, last_driven_m) - start_driven_m as driven_m,
        coalesce(lead(start_distance_m) over pieces_in_order, last_distance_m) - start_distance_m as distance_driven_m,
        -- the sim reports a lap's time during the next one
        lead(last_lap_time_s) over pieces_in_order as next_last_lap_time_s,
        max(case when piece_number = 1 and begins_near_line and starts_on_pit_road is not true then 1 else 0 end)
            over (partition by session_id)
            as first_is_lap
    from judged
    window pieces_in_order as (partition by session_id order by piece_number)
)

select
    session_id,
    cast(piece_number as integer) as piece_number,
    -- a piece before the first line crossing is number 0, unless it is a lap of its own
    cast(case
        when not numbers_are_ours then source_lap_number
        when first_is_lap = 1 then piece_number
        else piece_number - 1
    end as integer) as lap_number,
    lap_source,
    case
        when ratio_samples >= {{ var('channel_share') }} * sample_count then 'lap_ratio'
        when lap_distance_samples >= {{ var('channel_share') }} * sample_count then 'lap_distance'
        when speed_samples >= {{ var('channel_share') }} * sample_count then 'speed'
        when distance_samples >= {{ var('channel_share') }} * sample_count then 'distance'
    end as distance_source,
    cast(sample_count as integer) as sample_count,
    start_s as started_elapsed_s,
    end_s as ended_elapsed_s,
    -- a lap without a line crossing in the file lasts as long as its rows do
    case when not ends_at_line and stops_at_line then coalesce(1 / sample_rate_hz, 0) else 0 end as last_sample_s,
    next_last_lap_time_s as reported_lap_time_s,
    longest_gap_s,
    start_driven_m,
    start_distance_m,
    case when speed_samples > 0 then driven_m end as driven_m,
    distance_driven_m,
    highest_lap_distance_m,
    declared_length_m,
    longest_ratio_step,
    max_speed_kph,
    fuel_at_start_l,
    fuel_at_end_l,
    largest_fuel_rise_l,
    tyre_temp_fl_c,
    tyre_temp_fr_c,
    tyre_temp_rl_c,
    tyre_temp_rr_c,
    air_temp_c,
    track_temp_c,
    cast(incidents as integer) as incidents,
    cast(sectors as integer) as sectors,
    sector_2_s,
    sector_3_s,
    lowest_lat_deg,
    lowest_lon_deg,
    turning_samples >= {{ var('channel_share') }} * sample_count as has_curvature,
    begins_at_line,
    stops_at_line,
    has_pit_road,
    starts_on_pit_road,
    ends_on_pit_road,
    leaves_track,
    has_caution,
    session_started_at
from lined
