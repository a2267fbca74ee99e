with files as (
    select * from {{ source('raw', 'files') }}
),

-- a load can be recorded twice, when the server went on after its client was killed
loads as (
    select
        load_id,
        min(loaded_at) as loaded_at
    from {{ ref('stg_files__loads') }}
    group by load_id
)

select
    cast(files.file_id as {{ dbt.type_string() }}) as file_id,
    cast(files.source_format as {{ dbt.type_string() }}) as source_format,
    cast(files.format_family as {{ dbt.type_string() }}) as format_family,
    cast(files.text_id as {{ dbt.type_string() }}) as text_id,
    cast(files.repairs as {{ dbt.type_string() }}) as repairs,
    cast(files.reading_hash as {{ dbt.type_string() }}) as reading_hash,
    files.encoding,
    files.newline,
    files.delimiter,
    files.quoting,
    files.file_bytes,
    files.header_line,
    files.units_line,
    files.first_data_line,
    files.line_count,
    files.entry_count,
    files.has_bom,
    files.landed_at,
    loads.loaded_at
from files
inner join loads on files._dlt_load_id = loads.load_id
where
    not exists (
        select 1
        from {{ source('raw', 'files') }} as repeats
        inner join {{ ref('stg_files__loads') }} as repeated_loads on repeats._dlt_load_id = repeated_loads.load_id
        where repeats.file_id = files.file_id and repeats._dlt_id < files._dlt_id
    )
