with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

math as (
    select md5(string_agg(concat_ws('|', channel, expression), ';' order by channel)) as math_hash
    from {{ ref('math_channels') }}
)

select
    sessions.session_id,
    md5(concat_ws('|', sessions.input_hash, math.math_hash)) as input_hash
from sessions
cross join math
