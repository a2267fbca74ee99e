{{ config(materialized='incremental', key='file_id', fingerprints='stg_files__files') }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'iracing_ibt' and file_id in ({{ changed_keys(ref('stg_files__files'), 'file_id') }})
),

blocks as (
    select
        channels.file_id,
        blocks.block_number,
        min(blocks.first_sample) as first_sample,
        max(channels.sample_rate_hz) as sample_rate_hz,
        max(blocks.integer_values) filter (where channels.channel_name = 'SessionNum') as session_numbers,
        max({{ block_numbers('blocks') }}) filter (where channels.channel_name = 'SessionTime') as clocks
    from files
    inner join {{ ref('stg_files__channels') }} as channels
        on files.file_id = channels.file_id and channels.channel_name in ('SessionNum', 'SessionTime')
    inner join {{ ref('stg_files__channel_blocks') }} as blocks
        on channels.file_id = blocks.file_id and channels.channel_number = blocks.channel_number
    group by channels.file_id, blocks.block_number
),

ticks as (
    select
        blocks.file_id,
        cast(blocks.first_sample + told.n as integer) as line_number,
        blocks.sample_rate_hz,
        told.session_number,
        case when told.clock between -1e6 and 1e6 then told.clock end as clock_s,
        blocks.clocks is not null as has_clock
    from blocks
    cross join lateral unnest(blocks.session_numbers, blocks.clocks) with ordinality as told (session_number, clock, n)
    where told.session_number is not null
),

steps as (
    select
        *,
        lag(session_number) over by_line as previous_session_number,
        lag(clock_s) over by_line as previous_clock_s,
        lag(clock_s, 2) over by_line as clock_before_s,
        lead(clock_s) over by_line as next_clock_s
    from ticks
    window by_line as (partition by file_id order by line_number)
),

-- Each session of an event begins its clock anew. Two ticks on either side must say so: one alone is a wrong clock.
restarts as (
    select
        *,
        case
            when least(previous_clock_s, clock_before_s) > greatest(clock_s, next_clock_s)
                then previous_clock_s + 1 / sample_rate_hz - clock_s
        end as clock_set_back_s
    from steps
),

parts as (
    select
        *,
        sum(coalesce(clock_set_back_s, 0)) over (partition by file_id order by line_number) as clock_offset_s
    from restarts
    where session_number is distinct from previous_session_number or clock_set_back_s is not null
),

placed as (
    select
        *,
        -- as the samples have it; a log without a clock counts its ticks
        round((
            case
                when has_clock then coalesce(clock_s, next_clock_s) + clock_offset_s
                else (line_number - 1) / sample_rate_hz
            end
        ) * 1e6) / 1e6 as started_elapsed_s
    from parts
),

followed as (
    select
        *,
        lag(session_number) over by_line as earlier_session_number,
        lag(started_elapsed_s) over by_line as earlier_started_s
    from placed
    window by_line as (partition by file_id order by line_number)
),

events as (
    select
        documents.file_id,
        nullif({{ json_id("documents.content -> 'WeekendInfo'", 'SubSessionID') }}, '0') as subsession_id,
        -- results count the sessions of an event back from the last, which is 0
        (
            select max({{ json_int('listed.session', 'SessionNum', 0) }})
            from {{ json_rows("documents.content #> '{SessionInfo,Sessions}'") }} as listed (session)
        ) as last_session_number
    from files
    inner join {{ ref('stg_files__file_documents') }} as documents on files.file_id = documents.file_id
    where documents.document_name = 'session_info'
)

select
    followed.file_id,
    followed.line_number as first_line,
    followed.session_number,
    followed.clock_offset_s,
    followed.started_elapsed_s,
    case
        when
            followed.session_number <= events.last_session_number
            -- The sessions of an event follow each other: a number that stays or goes back is of another event.
            -- Where the clock does not go on, nobody knows what is of which.
            and bool_and(
                followed.earlier_session_number is null
                or coalesce(
                    followed.session_number > followed.earlier_session_number
                    and followed.started_elapsed_s > followed.earlier_started_s,
                    false
                )
            ) over (partition by followed.file_id)
            then
                'iracing:' || events.subsession_id || ':'
                || (followed.session_number - events.last_session_number)
    end as event_session_id
from followed
left join events on followed.file_id = events.file_id
