with telemetry as (
    select * from {{ ref('int_telemetry_refused_lines') }}
),

-- rows of a text that is read as a log are counted; on which line of the file each stands, a channel says
line_channels as (
    select
        file_id,
        channel_number
    from {{ ref('stg_files__channels') }}
    where channel_name = 'line' and details ->> 'role' = 'line'
),

telemetry_lines as (
    select
        telemetry.file_id,
        telemetry.reason,
        coalesce(
            blocks.integer_values[telemetry.line_number - blocks.first_sample], telemetry.line_number
        ) as line_number
    from telemetry
    left join line_channels on telemetry.file_id = line_channels.file_id
    left join {{ ref('stg_files__channel_blocks') }} as blocks
        on
            line_channels.file_id = blocks.file_id
            and line_channels.channel_number = blocks.channel_number
            and telemetry.line_number > blocks.first_sample
            and telemetry.line_number <= blocks.first_sample + cardinality(blocks.integer_values)
),

results as (
    select * from {{ ref('int_race_results_united') }}
    where refused_reason is not null
),

laps as (
    select * from {{ ref('int_iracing_laps_matched') }}
    where refused_reason is not null
),

standings as (
    select * from {{ ref('int_standings_united') }}
    where refused_reason is not null
)

select
    file_id,
    '' as race_id,
    line_number,
    reason
from telemetry_lines
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
union all
select
    file_id,
    '' as race_id,
    line_number,
    refused_reason as reason
from standings
