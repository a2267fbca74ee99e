-- A table, because its text is long: results read here what is left of it.
{{ config(materialized='table') }}

-- materialized, because otherwise each use of a member would parse the text again
with logs as materialized (
    select
        files.file_id,
        files.source_format,
        files.modified_at,
        header.content as header,
        session_info.content -> 'WeekendInfo' as weekend,
        session_info.content #> '{SessionInfo,Sessions}' as sessions,
        session_info.content #> '{DriverInfo,Drivers}' as drivers
    from {{ ref('stg_files__files') }} as files
    inner join {{ ref('stg_files__file_documents') }} as header
        on files.file_id = header.file_id and header.document_name = 'header'
    inner join {{ ref('stg_files__file_documents') }} as session_info
        on files.file_id = session_info.file_id and session_info.document_name = 'session_info'
    where files.source_format = 'iracing_ibt'
),

license_categories as (
    select * from {{ ref('license_categories') }}
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'iracing'
),

events as (
    select
        *,
        nullif({{ json_id('weekend', 'SubSessionID') }}, '0') as subsession_id,
        {{ json_text('weekend', 'TrackDisplayName') }} as track_name,
        {{ json_text('weekend', 'TrackConfigName') }} as config_name,
        to_timestamp({{ at_least(to_bigint(json_text('header', 'started_at')), 1, 4102444800) }}) as logged_at,
        {{ to_float(json_text('header', 'start_s')) }} as start_s,
        {{ to_float(json_text('header', 'end_s')) }} as end_s,
        {{ json_int('header', 'record_count', 1, 999999999) }}
        / nullif({{ to_float(json_text('header', 'tick_rate_hz')) }}, 0) as recorded_s
    from logs
),

sessions as (
    select
        events.*,
        listed.session,
        {{ json_int('listed.session', 'SessionNum', 0) }} as session_number,
        max({{ json_int('listed.session', 'SessionNum', 0) }}) over (partition by events.file_id)
            as last_session_number,
        {{ json_text('listed.session', 'SessionType') }} as sim_session_type,
        coalesce({{ json_length("listed.session -> 'ResultsPositions'") }}, 0) as result_lines,
        -- The clock of a log that goes through several sessions begins anew, and then does not say when this one began.
        -- A few ticks may be missing.
        coalesce(
            events.start_s between 0 and 1e6 and abs(events.end_s - events.start_s - events.recorded_s) < 2, false
        ) as has_one_clock,
        row_number() over (
            partition by events.file_id, {{ json_int('listed.session', 'SessionNum', 0) }} order by listed.place
        ) as number_rank
    from events
    cross join lateral {{ json_rows('events.sessions') }} with ordinality as listed (session, place)
    where events.subsession_id is not null
),

typed as (
    select
        sessions.*,
        sessions.session_number - sessions.last_session_number as simsession_number,
        case
            when session_types.session_type = 'race' and sessions.session_number < sessions.last_session_number
                then 'heat'
            else coalesce(session_types.session_type, 'other')
        end as session_type,
        case when session_types.session_type is null then sessions.sim_session_type end as unmapped_session_type
    from sessions
    left join session_types on lower(sessions.sim_session_type) = session_types.sim_session_type
    where
        sessions.session_number is not null
        and sessions.number_rank = 1
        -- Results that are not official are how it stood when the driver left; those of teams do not say who drove.
        and (
            session_types.session_type is distinct from 'race'
            or (
                {{ to_boolean(json_text('sessions.session', 'ResultsOfficial')) }}
                and {{ to_boolean(json_text('sessions.weekend', 'TeamRacing')) }} is not true
                and sessions.result_lines > 0
            )
        )
)

select
    -- ids
    typed.file_id,
    typed.source_format,
    'iracing:' || typed.subsession_id || ':' || typed.simsession_number as event_session_id,
    typed.subsession_id,
    nullif({{ json_id('typed.weekend', 'SessionID') }}, '0') as iracing_session_id,
    nullif({{ json_id('typed.weekend', 'SeriesID') }}, '0') as series_id,
    nullif({{ json_id('typed.weekend', 'SeasonID') }}, '0') as season_id,
    nullif({{ json_id('typed.weekend', 'LeagueID') }}, '0') as league_id,
    {{ layout_id('iracing', 'typed.track_name', 'typed.config_name') }} as layout_id,
    {{ json_id('typed.weekend', 'TrackID') }} as track_id,
    license_categories.license_category_id,
    -- strings
    'iracing' as sim,
    typed.session_type,
    typed.unmapped_session_type,
    {{ json_text('typed.session', 'SessionName') }} as simsession_name,
    typed.track_name,
    typed.config_name,
    license_categories.license_category,
    -- numerics
    typed.simsession_number,
    typed.result_lines,
    {{ json_int('typed.weekend', 'TrackNumTurns', 1) }} as corners_per_lap,
    -- booleans
    typed.session_type in ('race', 'heat') as is_race,
    {{ to_boolean(json_text('typed.weekend', 'Official')) }} as is_official,
    -- what results are read from
    case when typed.session_type in ('race', 'heat') then typed.session end as session,
    case when typed.session_type in ('race', 'heat') then typed.drivers end as drivers,
    -- timestamps; of a race alone, which was the last to be logged
    case
        when typed.session_type = 'race' and typed.has_one_clock
            then typed.logged_at - typed.start_s * interval '1 second'
    end as started_at,
    case
        when typed.session_type = 'race' and typed.has_one_clock
            then typed.logged_at + (typed.end_s - typed.start_s) * interval '1 second'
    end as ended_at,
    typed.modified_at
from typed
left join license_categories
    on lower({{ json_text('typed.weekend', 'Category') }}) = replace(license_categories.license_category, '_', '')
