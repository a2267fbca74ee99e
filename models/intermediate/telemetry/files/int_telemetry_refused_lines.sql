select
    checked.file_id,
    refused.line_number,
    refused.reason
from {{ ref('int_telemetry_files_checked') }} as checked
cross join lateral unnest(checked.refused_lines, checked.refused_reasons) as refused (line_number, reason)
where checked.lines_refused > 0
