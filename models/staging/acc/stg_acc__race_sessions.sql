-- materialized, or every reading of a member would parse its document again
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
        coalesce(document -> 'sessionResult', document -> 'snapShot') as result,
        upper(
            coalesce(
                {{ json_text('document', 'sessionType') }}, {{ json_text("document -> 'sessionDef'", 'sessionType') }}
            )
        ) as session_type,
        coalesce({{ json_text('document', 'trackName') }}, {{ json_text('document', 'track') }}) as track_name,
        {{ json_text('document', 'serverName') }} as server_name,
        {{ json_text('document', 'SessionFile') }} as session_file,
        modified_at
    from documents
),

-- the only date stands in a name, in the original's inside a copy or in one the file was seen under
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
)

select
    file_id,
    source_format,
    coalesce(
        stamp || '-' || coalesce(track_name, 'unknown') || coalesce('-' || server_name, ''), 'file-' || file_id
    ) as subsession_id,
    session_type,
    track_name,
    server_name,
    event,
    result,
    {{ to_boolean(json_text('result', 'isWetSession')) }} as is_wet,
    {{ to_timestamp_at(
        "'20' || substr(stamp, 1, 2) || '-' || substr(stamp, 3, 2) || '-' || substr(stamp, 5, 2) || ' '
        || substr(stamp, 8, 2) || ':' || substr(stamp, 10, 2) || ':' || substr(stamp, 12, 2)",
        var('local_timezone')
    ) }} as ended_at,
    modified_at
from stamped
-- R, or R2 where a weekend has two races; 10 is the race in a player's own files
where session_type = '10' or session_type ~ '^R[0-9]*$'
