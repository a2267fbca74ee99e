-- materialized, because otherwise each use of a member would parse the document again
with documents as materialized (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'assetto_corsa_server_json'
),

session_types as (
    select * from {{ ref('session_types') }}
    where written_by = 'assetto_corsa'
),

-- The server's clock and the lap times tell a session from every other. A manager that renames people, adds penalties
-- or sorts the lines leaves them as they are.
laps as (
    select
        documents.file_id,
        {{ to_bigint(json_text('laps.lap', 'Timestamp')) }} as ended_at_ms,
        {{ to_bigint(json_text('laps.lap', 'LapTime')) }} as lap_time_ms
    from documents
    cross join lateral {{ json_rows("documents.document -> 'Laps'") }} as laps (lap)
),

fingerprints as (
    select
        file_id,
        'laps-' || md5(string_agg(ended_at_ms || '/' || lap_time_ms, ' ' order by ended_at_ms, lap_time_ms)) as laps_id
    from laps
    group by file_id
),

-- the name that a manager wrote down, otherwise one under which the file was seen
names as (
    select
        file_id,
        upper({{ json_text('document', 'SessionFile') }}) as name,
        1 as preference
    from documents
    union all
    select
        sightings.file_id,
        upper(sightings.file_name) as name,
        2 as preference
    from {{ ref('stg_files__sightings') }} as sightings
    inner join documents on sightings.file_id = documents.file_id
),

stamps as (
    select distinct on (file_id)
        file_id,
        regexp_match(name, '([0-9]{4})_([0-9]{1,2})_([0-9]{1,2})_([0-9]{1,2})_([0-9]{1,2})_[A-Z]') as stamp
    from names
    where name ~ '[0-9]{4}_[0-9]{1,2}_[0-9]{1,2}_[0-9]{1,2}_[0-9]{1,2}_[A-Z]'
    order by file_id, preference, name
),

opened as (
    select
        documents.file_id,
        documents.source_format,
        documents.document as session,
        upper({{ json_text('documents.document', 'Type') }}) as simsession_name,
        {{ json_text('documents.document', 'TrackName') }} as track_name,
        {{ json_text('documents.document', 'TrackConfig') }} as config_name,
        -- nobody drove a lap
        coalesce(fingerprints.laps_id, {{ document_id('documents.document') }}) as subsession_id,
        coalesce(
            {{ to_timestamp_at(json_text('documents.document', 'Date')) }},
            {{ to_timestamp_at(
                "stamps.stamp[1] || '-' || lpad(stamps.stamp[2], 2, '0') || '-' || lpad(stamps.stamp[3], 2, '0') || ' '
            || lpad(stamps.stamp[4], 2, '0') || ':' || lpad(stamps.stamp[5], 2, '0')",
                var('local_timezone')
            ) }}
        ) as ended_at,
        documents.modified_at
    from documents
    left join fingerprints on documents.file_id = fingerprints.file_id
    left join stamps on documents.file_id = stamps.file_id
),

typed as (
    select
        opened.*,
        coalesce(session_types.session_type, 'other') as session_type,
        case when session_types.session_type is null then opened.simsession_name end as unmapped_session_type
    from opened
    left join session_types on {{ without_number('opened.simsession_name') }} = session_types.sim_session_type
)

select
    file_id,
    source_format,
    'assetto_corsa:' || subsession_id || ':'
    || case when session_type = 'race' then '0' else session_type end as event_session_id,
    subsession_id,
    session_type,
    unmapped_session_type,
    simsession_name,
    track_name,
    config_name,
    session,
    session_type = 'race' as is_race,
    ended_at,
    modified_at
from typed
