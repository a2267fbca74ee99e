{{ config(materialized='incremental', key='session_id', key_type='uuid', fingerprints='int_telemetry_sessions') }}

with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where {{ is_any_of('session_id', changed_keys(ref('int_telemetry_sessions'), 'session_id')) }}
),

candidates as (
    select candidates.*
    from {{ ref('int_telemetry_lap_candidates') }} as candidates
    inner join sessions on candidates.session_id = sessions.session_id
),

markers as (
    select markers.*
    from {{ ref('int_telemetry_line_markers') }} as markers
    inner join sessions on markers.session_id = sessions.session_id
),

-- only sessions without laps of their own have any
line_crossings as (
    select * from {{ ref('int_telemetry_line_crossings') }}
    where {{ is_any_of('session_id', 'select sessions.session_id from sessions') }}
),

-- where a session of the event begins inside of a log, the car is put elsewhere
part_begins as (
    select
        parts.session_id,
        max(case when samples.elapsed_s < parts.started_elapsed_s then samples.elapsed_s end) as previous_elapsed_s,
        min(case when samples.elapsed_s >= parts.started_elapsed_s then samples.elapsed_s end) as elapsed_s
    from {{ ref('int_telemetry_session_parts') }} as parts
    inner join sessions on parts.session_id = sessions.session_id
    inner join {{ ref('int_telemetry_samples') }} as samples
        on
            sessions.session_id = samples.session_id
            and sessions.session_started_at = samples.session_started_at
    where parts.started_elapsed_s > sessions.first_elapsed_s
    group by parts.session_id, parts.started_elapsed_s
),

marked as (
    select
        session_id,
        min(marker_kind) as marker_kind
    from markers
    group by session_id
),

crossed as (
    select
        session_id,
        min(line_source) as line_source
    from line_crossings
    group by session_id
),

available as (
    select
        candidates.session_id,
        min(candidates.elapsed_s) as first_elapsed_s,
        case
            when max(crossed.line_source) is not null then max(crossed.line_source)
            when count(candidates.lap_number) > 0 then 'lap_channel'
            when max(marked.marker_kind) is not null then max(marked.marker_kind)
            when bool_or(candidates.has_lap_distance) then 'distance_wrap'
            else 'none'
        end as found_by
    from candidates
    left join marked on candidates.session_id = marked.session_id
    left join crossed on candidates.session_id = crossed.session_id
    group by candidates.session_id
),

-- the line is crossed between two samples; where between them, the share of the lap on both sides tells
wraps as (
    select
        session_id,
        elapsed_s,
        elapsed_s - previous_elapsed_s as gap_s,
        case
            when previous_ratio is not null
                then {{ rounded(
                    'previous_elapsed_s + (elapsed_s - previous_elapsed_s) * (1 - least(previous_ratio, 1))'
                    ~ ' / nullif((1 - least(previous_ratio, 1)) + lap_distance_ratio, 0)',
                    6
                ) }}
            else elapsed_s
        end as crossed_s,
        case when previous_ratio is not null then 1 else 3 end as exactness
    from candidates
    where
        (
            previous_ratio > {{ var('line_crossing_ratio') }}
            and lap_distance_ratio < 1 - {{ var('line_crossing_ratio') }}
        )
        or (
            previous_ratio is null
            and previous_lap_distance_m > {{ var('line_crossing_ratio') }} * longest_lap_distance_m
            and lap_distance_m < (1 - {{ var('line_crossing_ratio') }}) * longest_lap_distance_m
        )
),

-- a marker is more exact than the first sample of a lap, and less than the share of the lap that lay before it
lines as (
    select
        session_id,
        elapsed_s,
        crossed_s,
        gap_s,
        exactness
    from wraps
    union all
    select
        session_id,
        marked_s as elapsed_s,
        marked_s as crossed_s,
        0 as gap_s,
        2 as exactness
    from markers
    where marker_kind = 'beacons'
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
    from candidates
    where lap_number is not null and lap_number is distinct from previous_lap_number
),

steady_runs as (
    select
        *,
        lag(lap_number) over clock as steady_lap_number,
        row_number() over clock as run_rank
    from runs
    where run_s >= {{ var('lap_flicker_s') }}
    window clock as (partition by session_id order by run_start_s)
),

-- the lap channel may follow the line some samples late
changes_and_wraps as (
    select
        steady_runs.session_id,
        coalesce(lines.crossed_s, steady_runs.run_start_s) as start_s,
        coalesce(lines.gap_s, steady_runs.gap_s) as gap_s,
        steady_runs.lap_number as source_lap_number,
        -- a sim counts down when a session begins, which puts the car elsewhere
        coalesce(steady_runs.lap_number > steady_runs.steady_lap_number, true) as is_line,
        row_number() over (
            partition by steady_runs.session_id, steady_runs.run_start_s
            order by lines.exactness, abs(lines.elapsed_s - steady_runs.run_start_s), lines.crossed_s
        ) as nearness
    from steady_runs
    left join lines
        on
            steady_runs.session_id = lines.session_id
            and abs(lines.elapsed_s - steady_runs.run_start_s) <= {{ var('lap_channel_lag_s') }}
    where steady_runs.is_crossing and steady_runs.lap_number is distinct from steady_runs.steady_lap_number
),

found as (
    select
        session_id,
        start_s,
        max(gap_s) as gap_s,
        max(source_lap_number) as source_lap_number,
        bool_and(is_line) as is_line
    from changes_and_wraps
    where nearness = 1
    group by session_id, start_s
    union all
    select
        wraps.session_id,
        wraps.crossed_s,
        max(wraps.gap_s) as gap_s,
        cast(null as integer) as source_lap_number,
        true as is_line
    from wraps
    inner join available on wraps.session_id = available.session_id and available.found_by = 'distance_wrap'
    group by wraps.session_id, wraps.crossed_s
    union all
    select
        markers.session_id,
        markers.marked_s,
        0 as gap_s,
        markers.lap_number as source_lap_number,
        true as is_line
    from markers
    inner join available on markers.session_id = available.session_id
    where available.found_by in ('beacons', 'range')
    union all
    select
        session_id,
        crossed_s,
        0 as gap_s,
        cast(null as integer) as source_lap_number,
        true as is_line
    from line_crossings
),

crossings as (
    select found.*
    from found
    where not exists (
            select 1 from part_begins
            where
                part_begins.session_id = found.session_id
                and found.start_s > part_begins.previous_elapsed_s
                and found.start_s <= part_begins.elapsed_s + {{ var('lap_channel_lag_s') }}
        )
    union all
    select
        session_id,
        start_s,
        0 as gap_s,
        lap_number as source_lap_number,
        false as is_line
    from (
        select
            begins.session_id,
            begins.start_s,
            steady_runs.lap_number,
            row_number() over (
                partition by begins.session_id, begins.start_s order by steady_runs.run_start_s desc nulls last
            ) as nearness
        from (
            select distinct
                session_id,
                elapsed_s as start_s
            from part_begins
            where previous_elapsed_s is not null and elapsed_s is not null
        ) as begins
        left join steady_runs
            on
                begins.session_id = steady_runs.session_id
                and steady_runs.run_start_s <= begins.start_s + {{ var('lap_channel_lag_s') }}
    ) as latest
    where nearness = 1
),

first_crossings as (
    select
        session_id,
        min(start_s) as first_start_s
    from crossings
    group by session_id
),

starts as (
    select
        session_id,
        start_s,
        source_lap_number,
        -- a line that lies in a hole of the log was crossed nobody knows when
        is_line and gap_s <= {{ var('line_crossing_gap_s') }} as starts_at_line
    from crossings
    union all
    select
        available.session_id,
        available.first_elapsed_s,
        steady_runs.lap_number as source_lap_number,
        false as starts_at_line
    from available
    left join first_crossings on available.session_id = first_crossings.session_id
    left join steady_runs on available.session_id = steady_runs.session_id and steady_runs.run_rank = 1
    where first_crossings.first_start_s is null or first_crossings.first_start_s > available.first_elapsed_s
)

select
    starts.session_id,
    cast(row_number() over (
        partition by starts.session_id order by starts.start_s, starts.source_lap_number nulls last
    ) as integer) as piece_number,
    available.found_by,
    starts.source_lap_number,
    starts.start_s,
    starts.starts_at_line
from starts
inner join available on starts.session_id = available.session_id
