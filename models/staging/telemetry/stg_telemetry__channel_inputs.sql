with files as (
    select * from {{ ref('stg_files__files') }}
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

-- a new row for one format is nothing to the files of the others
mapping as (
    select
        source_format,
        md5(string_agg(
            concat_ws(
                ',', source_channel, coalesce(source_unit, ''), canonical_channel, factor, offset_value,
                priority, coalesce(only_device, ''), coalesce(except_device, '')
            ),
            ';'
            order by source_channel, source_unit, canonical_channel, priority, only_device, except_device
        )) as mapping_hash
    from {{ ref('stg_telemetry__known_channels') }}
    group by source_format
)

select
    files.file_id,
    md5(concat_ws(
        '|',
        files.input_hash,
        coalesce(sessions.device, ''),
        sessions.writer,
        coalesce(cast(sessions.sample_rate_hz as {{ dbt.type_string() }}), ''),
        sessions.start_time_s,
        mapping.mapping_hash
    )) as input_hash
from files
inner join sessions on files.file_id = sessions.file_id
left join mapping on files.source_format = mapping.source_format
