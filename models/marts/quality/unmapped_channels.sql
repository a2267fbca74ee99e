with channels as (
    select * from {{ ref('int_telemetry_channels_unmapped') }}
)

select
    source_format,
    source_channel,
    source_unit,
    cast(count(distinct file_id) as integer) as files,
    min(file_id) as example_file_id
from channels
group by source_format, source_channel, source_unit
