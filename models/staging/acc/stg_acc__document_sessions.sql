-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'acc_results_json'
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'acc'
),

-- the server writes sessionResult, a player's own computer snapShot and sessionDef
opened as (
    select
        file_id,
        source_format,
        document as event,
        case
            when jsonb_typeof(document -> 'sessionResult') = 'object' then document -> 'sessionResult'
            else document -> 'snapShot'
        end as result,
        upper(
            coalesce({{ json_id('document', 'sessionType') }}, {{ json_id("document -> 'sessionDef'", 'sessionType') }})
        ) as simsession_name,
        coalesce({{ json_text('document', 'trackName') }}, {{ json_text('document', 'track') }}) as track_name,
        {{ json_text('document', 'serverName') }} as server_name,
        {{ json_text('document', 'SessionFile') }} as session_file,
        modified_at
    from documents
),

-- only a name holds the date: that of the original inside a copy, or one under which the file was seen
names as (
    select
        file_id,
        upper(file_name) as name
    from {{ ref('stg_files__sightings') }}
),

stamps as (
    select
        file_id,
        {{ short_text("min(substring(name from '[0-9]{6}_[0-9]{6}_[A-Z]+[0-9]*'))") }} as stamp
    from names
    group by file_id
),

stamped as (
    select
        opened.*,
        coalesce(
            substring(upper(opened.session_file) from '[0-9]{6}_[0-9]{6}_[A-Z]+[0-9]*'), stamps.stamp
        ) as stamp
    from opened
    left join stamps on opened.file_id = stamps.file_id
),

-- R, or R2 if a weekend has two races; numbers in a player's own files
typed as (
    select
        stamped.*,
        coalesce(session_types.session_type, 'other') as session_type,
        case when session_types.session_type is null then stamped.simsession_name end as unmapped_session_type,
        coalesce(
            stamped.stamp || '-' || coalesce(stamped.track_name, 'unknown') || coalesce('-' || stamped.server_name, ''),
            {{ document_id('stamped.event') }}
        ) as subsession_id
    from stamped
    left join session_types on {{ without_number('stamped.simsession_name') }} = session_types.sim_session_type
)

select
    file_id,
    source_format,
    'acc:' || subsession_id || ':'
    || case when session_type = 'race' then '0' else session_type end as event_session_id,
    subsession_id,
    session_type,
    unmapped_session_type,
    simsession_name,
    track_name,
    server_name,
    event,
    result,
    session_type = 'race' as is_race,
    {{ to_boolean(json_text('result', 'isWetSession')) }} as is_wet,
    {{ to_timestamp_at(
        "'20' || substr(stamp, 1, 2) || '-' || substr(stamp, 3, 2) || '-' || substr(stamp, 5, 2) || ' '
        || substr(stamp, 8, 2) || ':' || substr(stamp, 10, 2) || ':' || substr(stamp, 12, 2)",
        var('local_timezone')
    ) }} as ended_at,
    modified_at
from typed
