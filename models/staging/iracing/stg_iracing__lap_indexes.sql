with documents as (
    select * from {{ ref('stg_files__documents') }}
    where source_format = 'iracing_lap_index_json'
),

indexes as (
    select
        file_id,
        'iracing:' || {{ json_id("document -> 'session_info'", 'subsession_id') }}
        || ':' || coalesce({{ json_int("document -> 'session_info'", 'simsession_number') }}, 0) as event_session_id,
        {{ json_int("document -> 'session_info'", 'simsession_type') }} = 6 as is_race,
        document #> '{chunk_info,chunk_file_names}' as chunk_names
    from documents
),

chunks as (
    select
        indexes.file_id,
        indexes.event_session_id,
        indexes.is_race,
        cast(listed.chunk_number as integer) as chunk_number,
        {{ iracing_chunk_key('listed.chunk_name') }} as chunk_key
    from indexes
    cross join
        lateral
        jsonb_array_elements_text(
            case when jsonb_typeof(indexes.chunk_names) = 'array' then indexes.chunk_names end
        ) with ordinality as listed (chunk_name, chunk_number)
),

-- a file is its chunk under any name that it was seen by
sightings as (
    select distinct
        sightings.file_id,
        {{ iracing_chunk_key('sightings.file_name') }} as chunk_key
    from {{ ref('stg_files__sightings') }} as sightings
    inner join {{ ref('stg_files__files') }} as files on sightings.file_id = files.file_id
    where files.source_format = 'iracing_laps_json'
)

select
    chunks.file_id,
    sightings.file_id as chunk_file_id,
    chunks.event_session_id,
    chunks.chunk_number,
    chunks.is_race
from chunks
left join sightings on chunks.chunk_key = sightings.chunk_key
