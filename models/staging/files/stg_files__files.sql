{{ config(
    materialized='incremental',
    incremental_strategy='replace_all',
    on_schema_change='sync_all_columns',
    indexes=[{'columns': ['file_id'], 'unique': true}],
) }}

with files as (
    select * from {{ source('raw', 'files') }}
),

-- a load may be recorded twice: the first time by a server that went on after its client was killed
complete_loads as (
    select
        load_id,
        min(inserted_at) as inserted_at
    from {{ source('raw', '_dlt_loads') }}
    where status = 0
    group by load_id
),

sightings as (
    select
        file_id,
        min(modified_at) as modified_at
    from {{ ref('stg_files__sightings') }}
    group by file_id
),

-- one name stands for the content, whatever order its sightings came in
named as (
    select
        file_id,
        file_name,
        row_number() over (partition by file_id order by modified_at, file_name) as sighting_rank
    from {{ ref('stg_files__sightings') }}
)

select
    cast(files.file_id as {{ dbt.type_string() }}) as file_id,
    cast(files.source_format as {{ dbt.type_string() }}) as source_format,
    cast(files.format_family as {{ dbt.type_string() }}) as format_family,
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
        files.first_data_line
    )) as input_hash,
    files.file_bytes,
    files.header_line,
    files.units_line,
    files.first_data_line,
    files.line_count,
    files.has_bom,
    sightings.modified_at,
    files.landed_at,
    complete_loads.inserted_at as loaded_at
from files
inner join complete_loads on files._dlt_load_id = complete_loads.load_id
inner join sightings on files.file_id = sightings.file_id
inner join named on files.file_id = named.file_id and named.sighting_rank = 1
where
    not exists (
        select 1
        from {{ source('raw', 'files') }} as repeats
        inner join complete_loads as repeated_loads on repeats._dlt_load_id = repeated_loads.load_id
        where repeats.file_id = files.file_id and repeats._dlt_id < files._dlt_id
    )
