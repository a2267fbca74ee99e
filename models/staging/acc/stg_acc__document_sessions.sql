-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'acc_results_json'
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
        *,
        case
            when simsession_name = '10' or simsession_name ~ '^R[0-9]*$' then 'race'
            when simsession_name in ('4', '9') or simsession_name ~ '^Q[0-9]*$' then 'qualifying'
            when simsession_name = '0' or simsession_name ~ '^F?P[0-9]*$' then 'practice'
            else 'other'
        end as session_type,
        coalesce(
            stamp || '-' || coalesce(track_name, 'unknown') || coalesce('-' || server_name, ''),
            {{ document_id('event') }}
        ) as subsession_id
    from stamped
)

select
    file_id,
    source_format,
    'acc:' || subsession_id || ':'
    || case when session_type = 'race' then '0' else session_type end as event_session_id,
    subsession_id,
    session_type,
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
