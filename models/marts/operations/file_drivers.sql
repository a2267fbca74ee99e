{{ config(schema='ops') }}

with named_in_telemetry as (
    select
        sessions.file_id,
        {{ telemetry_driver_id('sessions.driver_id', 'sessions.sim', 'sessions.driver_name', 'driver_aliases') }}
            as driver_id,
        sessions.driver_name
    from {{ ref('stg_telemetry__sessions') }} as sessions
    left join {{ ref('stg_telemetry__driver_aliases') }} as driver_aliases
        on sessions.sim = driver_aliases.sim and sessions.driver_name = driver_aliases.driver_name
),

-- the winning file names the driver of a session, or the var `me` does
of_sessions as (
    select
        session_files.file_id,
        sessions.driver_id,
        sessions.driver_name
    from {{ ref('int_telemetry_sessions') }} as sessions
    inner join {{ ref('int_telemetry_session_files') }} as session_files
        on sessions.session_id = session_files.session_id
),

-- a log is its driver's; who is only named in its results is struck from them, and the log stays
in_results as (
    select
        results.file_id,
        results.driver_id,
        results.entrant_name as driver_name
    from {{ ref('int_race_results_united') }} as results
    inner join {{ ref('stg_files__files') }} as files on results.file_id = files.file_id
    where files.format_family = 'results'
),

in_cars as (
    select
        file_id,
        driver_id,
        driver_name
    from {{ ref('stg_acc__race_drivers') }}
),

in_entry_lists as (
    select
        file_id,
        driver_id,
        driver_name
    from {{ ref('stg_acc__entry_list_drivers') }}
),

in_laps as (
    select
        file_id,
        driver_id,
        driver_name
    from {{ ref('int_iracing_laps_matched') }}
),

in_standings as (
    select
        file_id,
        driver_id,
        driver_name
    from {{ ref('int_standings_united') }}
),

-- who left before the end of a session can have penalties and no result
in_penalties as (
    select
        file_id,
        driver_id,
        cast(null as {{ dbt.type_string() }}) as driver_name
    from {{ ref('int_penalties_united') }}
),

named as (
    select * from named_in_telemetry
    union all
    select * from of_sessions
    union all
    select * from in_results
    union all
    select * from in_cars
    union all
    select * from in_entry_lists
    union all
    select * from in_laps
    union all
    select * from in_standings
    union all
    select * from in_penalties
)

select distinct
    file_id,
    driver_id,
    coalesce(driver_name, '') as driver_name
from named
where driver_id is not null
