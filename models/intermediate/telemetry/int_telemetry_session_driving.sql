select
    session_id,
    md5(input_hash || '|' || '{{ hash_of_vars(driving_vars()) }}') as input_hash
from {{ ref('int_telemetry_session_layouts') }}
