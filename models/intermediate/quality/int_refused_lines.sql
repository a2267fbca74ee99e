with telemetry as (
    select * from {{ ref('int_telemetry_refused_lines') }}
),

results as (
    select * from {{ ref('int_race_results_united') }}
    where refused_reason is not null
),

laps as (
    select * from {{ ref('int_iracing_laps_matched') }}
    where refused_reason is not null
)

select
    file_id,
    '' as race_id,
    line_number,
    reason
from telemetry
union all
select
    file_id,
    event_session_id as race_id,
    line_number,
    refused_reason as reason
from results
union all
select
    file_id,
    coalesce(event_session_id, '') as race_id,
    line_number,
    refused_reason as reason
from laps
