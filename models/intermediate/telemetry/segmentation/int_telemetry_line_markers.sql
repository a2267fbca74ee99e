with session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
    where tells_laps
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

beacons as (
    select
        session_files.session_id,
        {{ to_float('markers.marker') }} + sessions.start_time_s as marked_s
    from session_files
    inner join sessions on session_files.file_id = sessions.file_id
    cross join lateral unnest(string_to_array(trim(sessions.beacon_markers), ' ')) as markers (marker)
    where sessions.lap_range is null or lower(sessions.lap_range) not like 'lap %'
),

-- the export of one lap begins and ends at the line, and says which lap it is
ranges as (
    select
        session_files.session_id,
        session_files.first_elapsed_s,
        session_files.last_elapsed_s + coalesce(1 / session_files.sample_rate_hz, 0) as end_s,
        {{ to_int("substr(sessions.lap_range, 5)") }} as lap_number
    from session_files
    inner join sessions on session_files.file_id = sessions.file_id
    where lower(sessions.lap_range) like 'lap %'
),

range_ends as (
    select
        session_id,
        first_elapsed_s as marked_s,
        lap_number
    from ranges
    union
    select
        session_id,
        end_s as marked_s,
        lap_number + 1 as lap_number
    from ranges
),

marked as (
    select
        session_id,
        marked_s,
        'beacons' as marker_kind,
        cast(null as integer) as lap_number
    from beacons
    where marked_s is not null
    union all
    select
        session_id,
        marked_s,
        'range' as marker_kind,
        lap_number
    from range_ends
),

ordered as (
    select
        *,
        -- the end of a lap, the start of the next and a beacon can mark one crossing; the beacon is the most exact
        max(case when marker_kind = 'beacons' then 1 else 0 end) over near as has_beacon_near,
        lag(marked_s) over kind as previous_marked_s
    from marked
    window
        kind as (partition by session_id, marker_kind order by marked_s, lap_number),
        near as (
            partition by session_id
            order by marked_s
            range between {{ var('lap_flicker_s') }} preceding and {{ var('lap_flicker_s') }} following
        )
)

select
    session_id,
    marked_s,
    marker_kind,
    lap_number
from ordered
where
    (marker_kind = 'beacons' or has_beacon_near = 0)
    and (previous_marked_s is null or marked_s - previous_marked_s > {{ var('lap_flicker_s') }})
