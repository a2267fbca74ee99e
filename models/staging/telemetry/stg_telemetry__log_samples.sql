{% set channels = var('telemetry_channels') %}
{% set clock_and_channels = ['elapsed_s'] + (channels | list) %}

-- For each block of the clock those of the other channels are found by index, so that few are in memory at once. Each
-- subquery uses what the inner one computed once. None is a CTE, which PostgreSQL would not compute in parallel.
with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
)

select
    block_file_id as file_id,
    line_number,
    elapsed_s,
    {{ canonical_sample(channels) }}
from (
    select
        spans.block_file_id,
        spans.first_line + samples.sample as line_number,
        {{ log_clock('spans', 'samples.sample') }} as elapsed_s,
        {% for channel, kind in channels.items() -%}
            {% set value = log_value('spans', channel, kind, 'samples.sample')
                ~ ' * spans.' ~ channel ~ '_factor + spans.' ~ channel ~ '_offset' -%}
            {{ without_no_value('round((' ~ value ~ ') * 1e6) / 1e6' if kind.no_value else value, channel, kind) }}
                as measured_{{ channel }},
        {% endfor -%}
        {{ computed_once() }}
    from (
        select
            clocks.*,
            {{ each_channel(clock_and_channels, 'measured.{}_values') }}
        from (
            select
                plans.*,
                blocks.file_id as block_file_id,
                blocks.block_number,
                cast(blocks.first_sample + 1 as integer) as first_line,
                cardinality({{ block_numbers('blocks') }}) as sample_count,
                array[{{ each_channel(clock_and_channels, 'plans.{}_position') }}] as channel_numbers,
                array[
                    {{ each_channel(channels, 'case when plans.{}_rate_hz is not null then plans.{}_position end') }}
                ] as laid_channel_numbers,
                {{ computed_once() }}
            from {{ ref('stg_files__channel_blocks') }} as blocks
            inner join plans on blocks.file_id = plans.file_id and blocks.channel_number = plans.clock_channel_number
        ) as clocks
        cross join lateral (
            select
                {{ each_channel(
                    clock_and_channels, 'max(numbers) filter (where channel_number = clocks.{}_position) as {}_values'
                ) }}
            from (
                select
                    blocks.channel_number,
                    -- a slower channel is laid on the clock up to the first value of the next block
                    {{ block_numbers('blocks') }} || case
                        when blocks.channel_number = any(clocks.laid_channel_numbers)
                            then (
                                select ({{ block_numbers('nexts') }})[1:1]
                                from {{ ref('stg_files__channel_blocks') }} as nexts
                                where
                                    nexts.file_id = blocks.file_id
                                    and nexts.block_number = blocks.block_number + 1
                                    and nexts.channel_number = blocks.channel_number
                            )
                    end as numbers
                from {{ ref('stg_files__channel_blocks') }} as blocks
                where
                    blocks.file_id = clocks.block_file_id
                    and blocks.block_number = clocks.block_number
                    and blocks.channel_number = any(clocks.channel_numbers)
            ) as of_channels
        ) as measured
    ) as spans
    cross join lateral generate_series(0, spans.sample_count - 1) as samples (sample)
) as measured
