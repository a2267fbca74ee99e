with documents as (
    select
        *,
        case source_format
            when 'iracing_lap_index_json' then 'iracing_laps_json'
            when 'iracing_standings_index_json' then 'iracing_standings_json'
        end as chunk_format
    from {{ ref('stg_files__documents') }}
    where source_format in ('iracing_lap_index_json', 'iracing_standings_index_json')
),

indexes as (
    select
        file_id,
        chunk_format,
        'iracing:' || {{ json_id("document -> 'session_info'", 'subsession_id') }}
        || ':' || coalesce({{ json_int("document -> 'session_info'", 'simsession_number') }}, 0) as event_session_id,
        {{ json_id('document', 'season_id') }} as season_id,
        {{ json_text('document', 'series_name') }} as series_name,
        {{ json_id('document', 'car_class_id') }} as car_class_key,
        -- what the API was asked for beside season and class; -1 is all
        concat_ws(
            ':',
            'week-' || {{ json_int('document', 'race_week_num', 0) }},
            'division-' || {{ json_int('document', 'division', 0) }},
            'club-' || {{ json_int('document', 'club_id', 0) }}
        ) as asked_for,
        {{ json_int("document -> 'session_info'", 'simsession_type') }} = 6 as is_race,
        document #> '{chunk_info,chunk_file_names}' as chunk_names,
        modified_at
    from documents
),

chunks as (
    select
        indexes.*,
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
        files.source_format,
        {{ iracing_chunk_key('sightings.file_name') }} as chunk_key
    from {{ ref('stg_files__sightings') }} as sightings
    inner join {{ ref('stg_files__files') }} as files on sightings.file_id = files.file_id
    where files.source_format in ('iracing_laps_json', 'iracing_standings_json')
)

select
    chunks.file_id,
    sightings.file_id as chunk_file_id,
    chunks.event_session_id,
    chunks.season_id,
    chunks.series_name,
    chunks.car_class_key,
    chunks.asked_for,
    chunks.chunk_format,
    chunks.chunk_number,
    chunks.is_race,
    chunks.modified_at
from chunks
left join sightings on chunks.chunk_key = sightings.chunk_key and chunks.chunk_format = sightings.source_format
