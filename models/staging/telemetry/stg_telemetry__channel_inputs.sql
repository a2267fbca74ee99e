with files as (
    select * from {{ ref('stg_files__files') }}
),

sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

mapping as (
    select
        md5(string_agg(
            concat_ws(
                ',', source_format, source_channel, coalesce(source_unit, ''), canonical_channel, factor, offset_value,
                priority, coalesce(only_device, ''), coalesce(except_device, '')
            ),
            ';'
            order by source_format, source_channel, source_unit, canonical_channel, priority, only_device, except_device
        )) as mapping_hash
    from {{ ref('telemetry_channels') }}
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
cross join mapping
