select
    file_id,
    md5(string_agg(concat_ws(':', race_id, line_number, reason), ';' order by race_id, line_number)) as input_hash
from {{ ref('int_refused_lines') }}
group by file_id
