select
    source_format,
    source_channel,
    source_unit,
    canonical_channel,
    factor,
    offset_value,
    priority,
    only_device,
    except_device
from {{ ref('telemetry_channels') }}
union all
select
    channels.source_format,
    channels.source_channel,
    channels.source_unit,
    channels.canonical_channel,
    channels.factor,
    channels.offset_value,
    channels.priority,
    null as only_device,
    null as except_device
from {{ source('raw', 'declared_channels') }} as channels
inner join {{ ref('stg_files__formats') }} as formats
    on channels.source_format = formats.source_format and formats.is_declared
