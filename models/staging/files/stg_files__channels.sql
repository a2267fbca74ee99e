-- No CTE here: PostgreSQL computes a CTE that is used twice separately, and would not find single files by an index
select
    cast(channels.file_id as {{ dbt.type_string() }}) as file_id,
    channels.channel_number,
    cast(channels.channel_name as {{ dbt.type_string() }}) as channel_name,
    cast(channels.unit as {{ dbt.type_string() }}) as unit,
    cast(channels.description as {{ dbt.type_string() }}) as description,
    cast(channels.value_type as {{ dbt.type_string() }}) as value_type,
    channels.sample_rate_hz,
    channels.sample_count,
    channels.times_channel,
    channels.samples_per_block,
    cast(channels.details as jsonb) as details
from {{ source('raw', 'file_channels') }} as channels
where
    channels._dlt_load_id in (
        select loads.load_id from {{ ref('stg_files__loads') }} as loads
    )
    -- a crash between a commit and its record makes dlt write rows a second time
    and not exists (
        select 1
        from {{ source('raw', 'file_channels') }} as repeats
        inner join {{ ref('stg_files__loads') }} as loads on repeats._dlt_load_id = loads.load_id
        where
            repeats.file_id = channels.file_id
            and repeats.channel_number = channels.channel_number
            and repeats._dlt_id < channels._dlt_id
    )
