{{ config(materialized='incremental', key='file_id', fingerprints='stg_telemetry__channel_plans') }}

with plans as (
    select
        file_id,
        {{ numbers_in('timed_channels', 'integer') }} as timed_channel_numbers
    from {{ ref('stg_telemetry__channel_plans') }}
    where
        timed_channels is not null
        and file_id in ({{ changed_keys(ref('stg_telemetry__channel_plans'), 'file_id') }})
),

channels as (
    select channels.*
    from plans
    inner join {{ ref('stg_telemetry__channels') }} as channels
        on
            plans.file_id = channels.file_id
            and {{ is_among('channels.column_position', 'plans.timed_channel_numbers') }}
),

timed as (
    select
        channels.file_id,
        channels.column_position as channel_number,
        blocks.first_sample + samples.place as sample,
        samples.number,
        case
            -- Sail puts -0 before 0, and what is told first of a moment would be another
            when channels.times_channel is not null then samples.time_s + 0
            else (blocks.first_sample + samples.place - 1) / channels.sample_rate_hz
        end as time_s
    from channels
    inner join {{ ref('stg_files__channel_blocks') }} as blocks
        on channels.file_id = blocks.file_id and channels.column_position = blocks.channel_number
    left join {{ ref('stg_files__channel_blocks') }} as times
        on
            blocks.file_id = times.file_id
            and blocks.block_number = times.block_number
            and blocks.first_sample = times.first_sample
            and channels.times_channel = times.channel_number
    cross join
        lateral
        {{ items_of([block_numbers('blocks'), 'times.double_values'], ['number', 'time_s']) }}
            as samples (number, time_s, place)
),

followed as (
    select
        *,
        lag(time_s) over clock as previous_time_s,
        lag(number) over clock as previous_number,
        lead(time_s) over clock as next_time_s,
        lead(number) over clock as next_number,
        cast(floor(time_s / {{ timed_span_s() }}) as integer) as span_number
    from timed
    where time_s between -1e6 and 1e6 and number is not null
    window clock as (partition by file_id, channel_number order by time_s, sample)
)

-- each span has the values beside it as well, so that none is looked for elsewhere
select
    file_id,
    channel_number,
    span_number,
    {{ span_of('time_s') }} as times_s,
    {{ span_of('number') }} as numbers
from followed
group by file_id, channel_number, span_number
