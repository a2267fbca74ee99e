{{ config(materialized='table', pre_hook="{{ set_me() }}") }}

with session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
    where is_used or tells_laps
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

fingerprints as (
    select
        session_id,
        count(case when is_used then 1 end) as file_count,
        min(first_elapsed_s) as first_elapsed_s,
        max(last_elapsed_s) as last_elapsed_s,
        coalesce(bool_or(is_used and has_positions) and not bool_or(is_used and has_lap_distance), false)
            as is_placed_by_position,
        string_agg(
            -- the beacons of a log come in a file of their own, which may come later
            concat_ws(':', file_rank, file_id, plan_hash, stated_lap_time_s, md5(beacon_markers)),
            ','
            order by file_rank
        ) as inputs
    from session_files
    group by session_id
),

-- an export with few channels does not tell its writer, which another file of the log may
described as (
    select
        sessions.session_id,
        sessions.file_id,
        session_files.file_rank,
        first_value(sessions.sim) over (
            partition by sessions.session_id
            order by sessions.writer is null, session_files.file_rank
        ) as sim,
        sessions.source_format,
        sessions.driver_id,
        sessions.car_id,
        sessions.event_session_id,
        coalesce(sessions.driver_name, {{ me() }}) as driver_name,
        sessions.car_name,
        sessions.track_name,
        sessions.session_type,
        sessions.device,
        sessions.start_line_deg,
        sessions.session_started_at_source,
        sessions.skies,
        sessions.setup_name,
        sessions.air_temp_c,
        sessions.track_temp_c,
        sessions.fuel_capacity_l,
        sessions.irating,
        sessions.is_setup_fixed,
        session_files.sample_rate_hz as measured_rate_hz
    from session_files
    inner join sessions on session_files.file_id = sessions.file_id
),

-- an undated session starts when the first of its files was last changed, whichever wins
undated as (
    select
        session_id,
        -- an exported lap has the date in UTC, whatever the clock of its session
        coalesce(
            min(case when not is_exported then session_started_at end), min(session_started_at)
        ) as session_started_at
    from sessions
    group by session_id
),

own_lines as (
    select
        layout_id,
        concat_ws(
            ',', start_line_left_lat_deg, start_line_left_lon_deg, start_line_right_lat_deg, start_line_right_lon_deg
        ) as line
    from {{ ref('stg_telemetry__track_layouts') }}
    where start_line_left_lat_deg is not null
),

-- a log on a layout without a line of its own may cross any other
start_lines as (
    select string_agg(concat_ws(':', layout_id, line), ';' order by layout_id) as lines
    from own_lines
)

select
    described.session_id,
    described.file_id,
    described.sim,
    described.source_format,
    {{ telemetry_driver_id('described.driver_id', 'described.sim', 'described.driver_name', 'driver_aliases') }}
        as driver_id,
    coalesce(described.car_id, car_aliases.car_id, described.sim || ':name:' || described.car_name) as car_id,
    coalesce(track_aliases.layout_id, described.sim || ':' || lower(described.track_name)) as layout_id,
    described.event_session_id,
    {{ pseudonym('described.driver_name', 'Driver') }} as driver_name,
    described.car_name,
    described.track_name,
    described.session_type,
    described.device,
    described.start_line_deg,
    described.session_started_at_source,
    described.skies,
    -- people name setups after people
    {{ unless_pseudonymised('described.setup_name') }} as setup_name,
    described.air_temp_c,
    described.track_temp_c,
    described.fuel_capacity_l,
    described.irating,
    described.is_setup_fixed,
    described.measured_rate_hz as sample_rate_hz,
    cast(fingerprints.file_count as integer) as file_count,
    fingerprints.first_elapsed_s,
    fingerprints.last_elapsed_s,
    md5(concat_ws(
        '|',
        fingerprints.inputs,
        undated.session_started_at at time zone 'UTC',
        described.driver_id,
        described.car_id,
        described.event_session_id,
        described.driver_name,
        described.car_name,
        described.track_name,
        case
            when fingerprints.is_placed_by_position
                then coalesce(
                        own_lines.line, nullif(concat_ws('|', described.start_line_deg, start_lines.lines), '')
                    )
        end
    )) as input_hash,
    fingerprints.is_placed_by_position,
    {{ is_retired('session_id', 'described.session_id') }} as is_retired,
    undated.session_started_at
from described
inner join fingerprints on described.session_id = fingerprints.session_id
inner join undated on described.session_id = undated.session_id
left join {{ ref('stg_telemetry__driver_aliases') }} as driver_aliases
    on described.sim = driver_aliases.sim and described.driver_name = driver_aliases.driver_name
left join {{ ref('stg_telemetry__car_aliases') }} as car_aliases
    on described.sim = car_aliases.sim and described.car_name = car_aliases.car_name
left join {{ ref('stg_telemetry__track_aliases') }} as track_aliases
    on described.sim = track_aliases.sim and described.track_name = track_aliases.track_name
left join own_lines
    on coalesce(track_aliases.layout_id, described.sim || ':' || lower(described.track_name)) = own_lines.layout_id
cross join start_lines
-- the winning file describes the session
where described.file_rank = 1
