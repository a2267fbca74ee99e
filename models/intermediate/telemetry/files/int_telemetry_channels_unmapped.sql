select
    source_format,
    source_channel,
    source_unit,
    file_id
from {{ ref('stg_telemetry__channels') }}
where canonical_channel is null and source_channel <> ''
