-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format in ('assetto_corsa_race_out_json', 'assetto_corsa_content_manager_json')
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'assetto_corsa'
),

listed as (
    select
        documents.file_id,
        documents.source_format,
        documents.document as event,
        left(documents.document ->> '__raceIni', 20000) as settings,
        documents.modified_at,
        sessions.session,
        sessions.place
    from documents
    cross join
        lateral
        {{ json_rows("documents.document -> 'sessions'") }} with ordinality as sessions (session, place)
    where jsonb_typeof(sessions.session) = 'object'
),

-- the event is known by all of its laps: Content Manager's copy has the same
fingerprints as (
    select
        listed.file_id,
        'laps-' || md5(
            string_agg(
                concat_ws(
                    '/',
                    listed.place,
                    laps.lap ->> 'car',
                    laps.lap ->> 'lap',
                    laps.lap ->> 'time',
                    laps.lap ->> 'sectors'
                ),
                ' ' order by listed.place, laps.line_number
            )
        ) as laps_id
    from listed
    cross join lateral {{ json_rows("listed.session -> 'laps'") }} with ordinality as laps (lap, line_number)
    group by listed.file_id
),

stamps as (
    select
        file_id,
        {{ short_text("min(substring(file_name from '[0-9]{6}-[0-9]{6}'))") }} as stamp
    from {{ ref('stg_files__sightings') }}
    group by file_id
),

-- Content Manager knows the track and its layout apart; the game writes them in one
described as (
    select
        listed.*,
        coalesce(fingerprints.laps_id, {{ document_id('listed.event') }}) as subsession_id,
        {{ json_text('listed.session', 'name') }} as simsession_name,
        {{ json_id('listed.session', 'type') }} as type_number,
        coalesce(
            {{ blank_to_null(short_text("substring(listed.settings from '[[]RACE[]][^[]*\\nTRACK=([^\\r\\n]*)')")) }},
            {{ json_text('listed.event', 'track') }}
        ) as track_name,
        {{ blank_to_null(short_text("substring(listed.settings from '[[]RACE[]][^[]*\\nCONFIG_TRACK=([^\\r\\n]*)')")) }}
            as config_name,
        -- known of Content Manager's files alone
        listed.settings is not null and listed.settings !~ '[[]REMOTE[]][^[]*\nACTIVE=1' as is_offline,
        {{ to_timestamp_at(
            "'20' || substr(stamps.stamp, 1, 2) || '-' || substr(stamps.stamp, 3, 2) || '-'
            || substr(stamps.stamp, 5, 2) || ' ' || substr(stamps.stamp, 8, 2) || ':'
            || substr(stamps.stamp, 10, 2) || ':' || substr(stamps.stamp, 12, 2)",
            var('local_timezone')
        ) }} as ended_at
    from listed
    left join fingerprints on listed.file_id = fingerprints.file_id
    left join stamps on listed.file_id = stamps.file_id and listed.settings is not null
),

typed as (
    {{ session_kinds('described', 'type_number', 'session_type') }}
),

-- an event can hold several sessions of a kind
numbered as (
    select
        *,
        cast(row_number() over (partition by file_id, session_type order by place) - 1 as integer) as kind_number
    from typed
)

select
    file_id,
    source_format,
    'assetto_corsa:' || subsession_id || ':'
    || {{ session_of_its_kind('session_type', 'kind_number') }} as event_session_id,
    subsession_id,
    session_type,
    unmapped_session_type,
    simsession_name,
    track_name,
    config_name,
    event,
    session,
    case when session_type = 'race' then kind_number end as simsession_number,
    session_type = 'race' as is_race,
    is_offline,
    ended_at,
    modified_at
from numbered
