select
    source_channel,
    source_unit,
    source_format,
    files
from marts.unmapped_channels
order by files desc, source_format asc, source_channel asc, source_unit asc
