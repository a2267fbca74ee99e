{{ config(materialized='table') }}

with sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

formats as (
    select * from {{ ref('stg_files__formats') }}
),

checked as (
    select * from {{ ref('int_telemetry_files_checked') }}
    where first_elapsed_s is not null and not {{ has_too_many_bad_lines('lines_refused', 'lines_read') }}
),

ranked as (
    select
        sessions.session_id,
        sessions.file_id,
        checked.first_elapsed_s,
        checked.last_elapsed_s,
        checked.sample_rate_hz,
        plans.input_hash as plan_hash,
        plans.lat_deg_position is not null and plans.lon_deg_position is not null as has_positions,
        coalesce(plans.lap_distance_ratio_position, plans.lap_distance_m_position) is not null as has_lap_distance,
        sessions.stated_lap_time_s,
        sessions.beacon_markers,
        sessions.is_exported,
        coalesce(
            trim(sessions.beacon_markers) <> ''
            or sessions.stated_lap_time_s is not null
            or lower(sessions.lap_range) like 'lap %',
            false
        ) as has_laps,
        row_number() over (
            partition by sessions.session_id
            order by
                -- what was exported from the session says nothing that its own files do not say better
                sessions.is_exported asc,
                formats.source_rank asc nulls last,
                round(cast(checked.sample_rate_hz as numeric), 0) desc nulls last,
                sessions.modified_at desc,
                sessions.file_id asc
        ) as file_rank
    from sessions
    inner join plans on sessions.file_id = plans.file_id
    inner join checked on sessions.file_id = checked.file_id
    left join formats on sessions.source_format = formats.source_format
),

-- files that a better one covers whole; clocks are written with few digits, so less than a sample beyond is nothing
covered as (
    select
        ranked.file_id,
        bool_or(better.has_laps) as better_has_laps
    from ranked
    inner join ranked as better
        on
            ranked.session_id = better.session_id
            and ranked.file_rank > better.file_rank
            and ranked.first_elapsed_s > better.first_elapsed_s - coalesce(1 / better.sample_rate_hz, 0)
            and ranked.last_elapsed_s < better.last_elapsed_s + coalesce(1 / better.sample_rate_hz, 0)
    group by ranked.file_id
)

select
    ranked.session_id,
    ranked.file_id,
    cast(ranked.file_rank as integer) as file_rank,
    ranked.first_elapsed_s,
    ranked.last_elapsed_s,
    ranked.sample_rate_hz,
    ranked.plan_hash,
    ranked.has_positions,
    ranked.has_lap_distance,
    ranked.stated_lap_time_s,
    ranked.beacon_markers,
    covered.file_id is null as is_used,
    -- a log may hold no word of laps, which i2 exported with it
    ranked.has_laps
    and (covered.file_id is null or not (covered.better_has_laps or ranked.is_exported)) as tells_laps
from ranked
left join covered on ranked.file_id = covered.file_id
