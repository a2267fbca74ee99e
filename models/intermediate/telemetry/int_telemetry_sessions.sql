{{ config(
    materialized='incremental',
    incremental_strategy='replace_all',
    on_schema_change='sync_all_columns',
    pre_hook="{{ set_me() }}",
) }}

with session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
    where is_used
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

fingerprints as (
    select
        session_id,
        count(*) as file_count,
        min(first_elapsed_s) as first_elapsed_s,
        max(last_elapsed_s) as last_elapsed_s,
        string_agg(file_id || ':' || plan_hash, ',' order by file_rank) as inputs
    from session_files
    group by session_id
),

-- the file that wins describes the session
described as (
    select
        sessions.session_id,
        sessions.file_id,
        sessions.sim,
        sessions.source_format,
        coalesce(sessions.driver_name, {{ me() }}) as driver_name,
        sessions.car_name,
        sessions.track_name,
        sessions.session_type,
        sessions.device,
        sessions.session_started_at_source,
        session_files.sample_rate_hz as measured_rate_hz
    from session_files
    inner join sessions on session_files.file_id = sessions.file_id
    where session_files.file_rank = 1
),

-- an undated session starts when the first of its files was last changed, whichever wins
undated as (
    select
        session_id,
        min(session_started_at) as session_started_at
    from sessions
    group by session_id
)

select
    described.session_id,
    described.file_id,
    described.sim,
    described.source_format,
    -- telemetry knows names alone, until somebody says what they stand for
    {{ pseudonymous_id("coalesce(driver_aliases.driver_id, described.sim || ':name:' || described.driver_name)") }}
        as driver_id,
    coalesce(car_aliases.car_id, described.sim || ':name:' || described.car_name) as car_id,
    coalesce(track_aliases.layout_id, described.sim || ':' || lower(described.track_name)) as layout_id,
    {{ pseudonym('described.driver_name', 'Driver') }} as driver_name,
    described.car_name,
    described.track_name,
    described.session_type,
    described.device,
    described.session_started_at_source,
    described.measured_rate_hz as sample_rate_hz,
    cast(fingerprints.file_count as integer) as file_count,
    fingerprints.first_elapsed_s,
    fingerprints.last_elapsed_s,
    md5(concat_ws(
        '|',
        fingerprints.inputs,
        undated.session_started_at at time zone 'UTC',
        described.driver_name,
        described.car_name,
        described.track_name,
        '{{ hash_of_vars(lap_vars()) }}'
    )) as input_hash,
    {{ is_retired('session_id', 'described.session_id') }} as is_retired,
    undated.session_started_at
from described
inner join fingerprints on described.session_id = fingerprints.session_id
inner join undated on described.session_id = undated.session_id
left join {{ ref('driver_aliases') }} as driver_aliases
    on described.sim = driver_aliases.sim and described.driver_name = driver_aliases.driver_name
left join {{ ref('car_aliases') }} as car_aliases
    on described.sim = car_aliases.sim and described.car_name = car_aliases.car_name
left join {{ ref('track_aliases') }} as track_aliases
    on described.sim = track_aliases.sim and described.track_name = track_aliases.track_name
