-- Each subquery uses what the inner one computed once. The innermost finds the blocks of a channel by index, and beside
-- each the block of the log's clock and that of the channel's own times.
select
    session_id,
    file_id,
    channel_number,
    channel,
    unit,
    sample_number,
    elapsed_s,
    value
from (
    select
        placed.*,
        -- what lies between two samples of the clock is as much later as the rate says
        round((
            {{ log_clock('placed', '(placed.tick - placed.clock_first_sample)') }}
            + (placed.position - placed.tick) / placed.sample_rate_hz
        ) * 1e6) / 1e6 as elapsed_s,
        case
            when placed.value_type = 'uint4' then placed.number + case when placed.number < 0 then 4294967296 else 0 end
            when not placed.is_scaled then placed.number
            -- a larger one could become one that PostgreSQL does not have
            when abs(placed.number) < 1e290
                then (placed.number / placed.raw_divisor + placed.raw_shift) * placed.raw_multiplier
        end as value,
        {{ computed_once() }}
    from (
        select
            positioned.*,
            -- more is no number of a sample
            case when abs(positioned.position) < 2e9 then cast(floor(positioned.position) as integer) end as tick,
            {{ computed_once() }}
        from (
            select
                spans.*,
                samples.number,
                spans.first_sample + samples.place - 1 as sample_number,
                case
                    when spans.times_channel is null
                        then (spans.first_sample + samples.place - 1) * spans.sample_rate_hz / spans.rate_hz
                    when abs(spans.times_s[samples.place]) < 1e6
                        then spans.times_s[samples.place] * spans.sample_rate_hz
                end as position,
                {{ computed_once() }}
            from (
                select
                    channels.*,
                    blocks.first_sample,
                    {{ exact_numbers('blocks') }} as numbers,
                    -- the slice is a copy: an array as it is stored would be unpacked again for each of its numbers
                    ({{ block_numbers('times') }})[:] as times_s,
                    ({{ block_numbers('clocks') }})[:] as elapsed_s_values,
                    cast(coalesce(clocks.first_sample, 0) as integer) as clock_first_sample,
                    cast(coalesce(clocks.first_sample, 0) + 1 as integer) as first_line,
                    {{ computed_once() }}
                from {{ ref('int_telemetry_log_channels') }} as channels
                inner join {{ ref('stg_files__channel_blocks') }} as blocks
                    on channels.file_id = blocks.file_id and channels.channel_number = blocks.channel_number
                left join {{ ref('stg_files__channel_blocks') }} as clocks
                    on
                        blocks.file_id = clocks.file_id
                        and blocks.block_number = clocks.block_number
                        and channels.elapsed_s_position = clocks.channel_number
                left join {{ ref('stg_files__channel_blocks') }} as times
                    on
                        blocks.file_id = times.file_id
                        and blocks.block_number = times.block_number
                        and blocks.first_sample = times.first_sample
                        and channels.times_channel = times.channel_number
            ) as spans
            cross join lateral unnest(spans.numbers) with ordinality as samples (number, place)
        ) as positioned
    ) as placed
) as told
where covered_s is null or not covered_s @> cast(elapsed_s as numeric)
