{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    replace_key='session_id',
    replace_key_type='uuid',
    fingerprints='int_telemetry_sessions',
    on_schema_change='fail',
    post_hook="{{ record_built(ref('int_telemetry_sessions'), 'session_id') }}",
) }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where session_id in ({{ changed_keys(ref('int_telemetry_sessions'), 'session_id') }})
),

samples as (
    select
        samples.session_id,
        samples.elapsed_s,
        samples.lap_number,
        samples.lap_distance_ratio,
        samples.lap_distance_m,
        samples.last_lap_time_s,
        samples.speed_kph,
        samples.fuel_l,
        samples.on_pit_road
    from {{ ref('fct_telemetry_samples') }} as samples
    inner join sessions on samples.session_id = sessions.session_id
),

steps as (
    select
        *,
        lag(elapsed_s) over clock as previous_elapsed_s,
        lag(lap_number) over clock as previous_lap_number,
        lag(lap_distance_ratio) over clock as previous_ratio,
        lag(lap_distance_m) over clock as previous_lap_distance_m
    from samples
    window clock as (partition by session_id order by elapsed_s)
),

available as (
    select
        steps.session_id,
        min(steps.elapsed_s) as first_elapsed_s,
        max(steps.elapsed_s) as last_elapsed_s,
        case
            when count(steps.lap_number) > 0 then 'lap_channel'
            when lower(max(sessions.lap_range)) like 'lap %' then 'range'
            when {{ blank_to_null('max(sessions.beacon_markers)') }} is not null then 'beacons'
            when count(steps.lap_distance_ratio) > 0 or count(steps.lap_distance_m) > 0 then 'distance_wrap'
            else 'none'
        end as lap_source,
        max(steps.lap_distance_m) as longest_lap_distance_m
    from steps
    inner join sessions on steps.session_id = sessions.session_id
    group by steps.session_id
),

-- the line is crossed between two samples; where between them, the share of the lap on both sides tells
wraps as (
    select
        steps.session_id,
        steps.elapsed_s,
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
        steady_runs.lap_number as source_lap_number
    from steady_runs
    -- the lap channel may follow the distance some samples late
    left join lateral (
        select wraps.crossed_s
        from wraps
        where
            wraps.session_id = steady_runs.session_id
            and abs(wraps.elapsed_s - steady_runs.run_start_s) <= {{ var('lap_channel_lag_s') }}
        order by abs(wraps.elapsed_s - steady_runs.run_start_s), wraps.crossed_s
        limit 1
    ) as nearest_wrap on true
    where steady_runs.is_crossing and steady_runs.lap_number is distinct from steady_runs.steady_lap_number
),

beacons as (
    select
        sessions.session_id,
        {{ to_float('markers.marker') }} as start_s
    from sessions
    cross join lateral unnest(string_to_array(trim(sessions.beacon_markers), ' ')) as markers (marker)
),

crossings as (
    select
        lap_changes.session_id,
        lap_changes.start_s,
        lap_changes.source_lap_number
    from lap_changes
    union
    select
        wraps.session_id,
        wraps.crossed_s,
        cast(null as integer) as source_lap_number
    from wraps
    inner join available on wraps.session_id = available.session_id and available.lap_source = 'distance_wrap'
    union
    select
        beacons.session_id,
        beacons.start_s,
        cast(null as integer) as source_lap_number
    from beacons
    inner join available on beacons.session_id = available.session_id and available.lap_source = 'beacons'
),

starts as (
    select
        crossings.session_id,
        crossings.start_s,
        crossings.source_lap_number,
        true as starts_at_line
    from crossings
    inner join available on crossings.session_id = available.session_id
    where crossings.start_s > available.first_elapsed_s and crossings.start_s < available.last_elapsed_s
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
),

pieces as (
    select
        starts.*,
        lead(starts.start_s) over (partition by starts.session_id order by starts.start_s) as next_start_s,
        row_number() over (partition by starts.session_id order by starts.start_s) as piece_number,
        count(*) over (partition by starts.session_id, starts.source_lap_number) as same_number
    from starts
),

edges as (
    select
        session_id,
        array_agg(start_s order by start_s) as starts_s,
        bool_or(same_number > 1 or source_lap_number is null) as numbers_are_ours
    from pieces
    group by session_id
),

placed as (
    select
        steps.*,
        width_bucket(steps.elapsed_s, edges.starts_s) as piece_number
    from steps
    inner join edges on steps.session_id = edges.session_id
),

measured as (
    select
        session_id,
        piece_number,
        count(*) as sample_count,
        min(elapsed_s) as first_elapsed_s,
        max(elapsed_s) as last_elapsed_s,
        max(elapsed_s - previous_elapsed_s) as longest_gap_s,
        sum(case when previous_elapsed_s is not null then speed_kph / 3.6 * (elapsed_s - previous_elapsed_s) end)
            as driven_m,
        min(lap_distance_ratio) as lowest_ratio,
        max(lap_distance_ratio) as highest_ratio,
        min(lap_distance_m) as lowest_lap_distance_m,
        max(lap_distance_m) as highest_lap_distance_m,
        max(speed_kph) as max_speed_kph,
        count(speed_kph) as speed_samples,
        (array_agg(fuel_l order by elapsed_s) filter (where fuel_l is not null))[1] as fuel_at_start_l,
        (array_agg(fuel_l order by elapsed_s desc) filter (where fuel_l is not null))[1] as fuel_at_end_l,
        (array_agg(last_lap_time_s order by elapsed_s desc) filter (where last_lap_time_s is not null))[1]
            as last_lap_time_s,
        bool_or(on_pit_road) as has_pit_road
    from placed
    group by session_id, piece_number
),

judged as (
    select
        pieces.session_id,
        available.lap_source,
        pieces.piece_number,
        edges.numbers_are_ours,
        pieces.source_lap_number,
        pieces.start_s,
        coalesce(pieces.next_start_s, measured.last_elapsed_s) as end_s,
        pieces.starts_at_line,
        pieces.next_start_s is not null as ends_at_line,
        available.lap_source = 'range'
        or measured.lowest_ratio < {{ var('lap_edge_ratio') }}
        or measured.lowest_lap_distance_m
        < {{ var('lap_edge_ratio') }} * available.longest_lap_distance_m as begins_near_line,
        available.lap_source = 'range'
        or measured.highest_ratio > 1 - {{ var('lap_edge_ratio') }}
        or (
            measured.highest_lap_distance_m > (1 - {{ var('lap_edge_ratio') }}) * max(
                case when pieces.next_start_s is not null then measured.highest_lap_distance_m end
            ) over (partition by pieces.session_id)
        ) as stops_near_line,
        measured.sample_count,
        measured.longest_gap_s,
        case when measured.speed_samples > 0 then measured.driven_m end as driven_m,
        measured.max_speed_kph,
        measured.fuel_at_start_l,
        measured.fuel_at_end_l,
        measured.has_pit_road,
        -- the sim reports a lap's time during the next one
        lead(measured.last_lap_time_s)
            over (partition by pieces.session_id order by pieces.piece_number)
            as reported_lap_time_s,
        sessions.sample_rate_hz,
        sessions.session_started_at
    from pieces
    inner join available on pieces.session_id = available.session_id
    inner join edges on pieces.session_id = edges.session_id
    inner join sessions on pieces.session_id = sessions.session_id
    inner join measured on pieces.session_id = measured.session_id and pieces.piece_number = measured.piece_number
),

completed as (
    select
        *,
        -- a piece before the first line crossing is number 0, unless it is a lap of its own
        case
            when not numbers_are_ours then source_lap_number
            when max(case when piece_number = 1 and begins_near_line then 1 else 0 end) over (partition by session_id)
                = 1
                then piece_number
            else piece_number - 1
        end as lap_number,
        -- at the edge of a file a lap may begin or stop at the line, but not in the pits beside it
        coalesce(
            (starts_at_line or (begins_near_line and has_pit_road is not true))
            and (ends_at_line or (stops_near_line and has_pit_road is not true)),
            false
        ) as is_complete
    from judged
)

select
    session_id,
    cast(lap_number as integer) as lap_number,
    lap_source,
    cast(sample_count as integer) as sample_count,
    start_s as started_elapsed_s,
    end_s as ended_elapsed_s,
    cast(case
        -- a lap without a line crossing in the file lasts as long as its rows do
        when is_complete and not ends_at_line then end_s - start_s + coalesce(1 / sample_rate_hz, 0)
        when is_complete then end_s - start_s
    end as numeric(10, 3)) as lap_time_s,
    cast(case when is_complete then reported_lap_time_s end as numeric(10, 3)) as reported_lap_time_s,
    cast(longest_gap_s as numeric(10, 3)) as longest_gap_s,
    cast(driven_m as numeric(12, 1)) as driven_m,
    cast(max_speed_kph as numeric(6, 1)) as max_speed_kph,
    cast(fuel_at_start_l as numeric(8, 3)) as fuel_at_start_l,
    cast(fuel_at_start_l - fuel_at_end_l as numeric(8, 3)) as fuel_used_l,
    is_complete,
    has_pit_road,
    session_started_at
from completed
