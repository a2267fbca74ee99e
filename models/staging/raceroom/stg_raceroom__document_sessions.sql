-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'raceroom_results_json'
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'raceroom'
),

-- seconds, or milliseconds in /Date(...)/
opened as (
    select
        file_id,
        source_format,
        document as event,
        {{ json_text('document', 'Server') }} as server_name,
        {{ json_text('document', 'Track') }} as track_name,
        {{ json_text('document', 'TrackLayout') }} as config_name,
        cast(substring({{ json_text('document', 'StartTime') }} from '[0-9]{10,13}') as double precision) as started,
        cast(substring({{ json_text('document', 'Time') }} from '[0-9]{10,13}') as double precision) as ended,
        modified_at
    from documents
),

dated as (
    select
        *,
        to_timestamp(case when started > 99999999999 then started / 1000 else started end) as started_at,
        to_timestamp(case when ended > 99999999999 then ended / 1000 else ended end) as ended_at
    from opened
),

identified as (
    select
        *,
        coalesce(
            to_char(ended_at at time zone 'UTC', 'YYMMDD_HH24MISS')
            || '-' || coalesce(track_name, 'unknown') || coalesce('-' || server_name, ''),
            {{ document_id('event') }}
        ) as subsession_id
    from dated
),

sessions as (
    select
        identified.*,
        sessions.session,
        sessions.place,
        {{ json_text('sessions.session', 'Type') }} as simsession_name
    from identified
    cross join
        lateral
        {{ json_rows("identified.event -> 'Sessions'") }} with ordinality as sessions (session, place)
    where jsonb_typeof(sessions.session) = 'object'
),

typed as (
    select
        sessions.*,
        coalesce(session_types.session_type, 'other') as session_type,
        case when session_types.session_type is null then sessions.simsession_name end as unmapped_session_type
    from sessions
    left join session_types on {{ without_number('sessions.simsession_name') }} = session_types.sim_session_type
),

-- an event can hold several races, and a list can name a kind twice
numbered as (
    select
        *,
        cast(row_number() over (partition by file_id, session_type order by place) - 1 as integer) as kind_number
    from typed
)

select
    file_id,
    source_format,
    'raceroom:' || subsession_id || ':'
    || {{ session_of_its_kind('session_type', 'kind_number') }} as event_session_id,
    subsession_id,
    session_type,
    unmapped_session_type,
    simsession_name,
    server_name,
    track_name,
    config_name,
    session,
    case when session_type = 'race' then kind_number end as simsession_number,
    session_type = 'race' as is_race,
    started_at,
    ended_at,
    modified_at
from numbered
