{{ config(materialized='table') }}

with files as (
    select * from {{ ref('stg_files__contents') }}
),

sightings as (
    select
        file_id,
        min(modified_at) as modified_at
    from {{ ref('stg_files__sightings') }}
    group by file_id
),

-- the same name stands for the content, whatever the order of its sightings
named as (
    select
        file_id,
        file_name,
        row_number() over (partition by file_id order by modified_at, file_name) as sighting_rank
    from {{ ref('stg_files__sightings') }}
)

select
    files.file_id,
    files.text_id,
    files.repairs,
    files.reading_hash,
    files.source_format,
    files.format_family,
    named.file_name,
    files.encoding,
    files.newline,
    files.delimiter,
    files.quoting,
    md5(concat_ws(
        '|',
        files.source_format,
        files.delimiter,
        files.quoting,
        files.header_line,
        files.units_line,
        files.first_data_line,
        files.reading_hash
    )) as input_hash,
    files.file_bytes,
    files.header_line,
    files.units_line,
    files.first_data_line,
    files.line_count,
    files.entry_count,
    files.has_bom,
    sightings.modified_at,
    files.landed_at,
    files.loaded_at
from files
inner join sightings on files.file_id = sightings.file_id
inner join named on files.file_id = named.file_id and named.sighting_rank = 1
