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
                cast(plans.timed_channels as integer[]) as timed_channel_numbers,
                case
                    when plans.timed_channels is not null
                        then array(
                                select {{ log_clock('clock', 'samples.sample') }}
                                from (
                                    select
                                        plans.*,
                                        cast(blocks.first_sample + 1 as integer) as first_line,
                                        -- joined with nothing it is unpacked once, not for each sample
                                        {{ block_numbers('blocks') }} || cast(null as double precision[])
                                            as elapsed_s_values,
                                        {{ computed_once() }}
                                ) as clock
                                cross join
                                    lateral
                                    generate_series(0, cardinality(clock.elapsed_s_values) - 1) as samples (sample)
                                order by samples.sample
                            )
                end as clock_s,
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
                    and blocks.channel_number <> all(coalesce(clocks.timed_channel_numbers, cast('{}' as integer[])))
                union all
                select
                    timed.column_position as channel_number,
                    array(
                        select {{ timed_value('timed', 'found', 'laid', channels) }}
                        from (
                            select
                                samples.elapsed_s,
                                samples.sample,
                                width_bucket(samples.elapsed_s, found.times_s) as place
                            from unnest(clocks.clock_s) with ordinality as samples (elapsed_s, sample)
                        ) as laid
                        order by laid.sample
                    ) as numbers
                from {{ ref('stg_telemetry__channels') }} as timed
                cross join
                    lateral (
                        select
                            array_agg(told.time_s order by told.time_s, told.place) as times_s,
                            array_agg(told.number order by told.time_s, told.place) as numbers
                        from (
                            select
                                cast(floor(min(clock.elapsed_s) / {{ timed_span_s() }}) as integer) as first_span,
                                cast(floor(max(clock.elapsed_s) / {{ timed_span_s() }}) as integer) as last_span
                            from unnest(clocks.clock_s) as clock (elapsed_s)
                        ) as needed
                        inner join {{ ref('stg_telemetry__timed_values') }} as spans
                            on
                                timed.file_id = spans.file_id
                                and timed.column_position = spans.channel_number
                                and needed.last_span >= spans.span_number
                                and spans.span_number >= coalesce(
                                    (
                                        select max(earlier.span_number)
                                        from {{ ref('stg_telemetry__timed_values') }} as earlier
                                        where
                                            earlier.file_id = timed.file_id
                                            and earlier.channel_number = timed.column_position
                                            and earlier.span_number <= needed.first_span
                                    ),
                                    needed.first_span
                                )
                        cross join
                            lateral
                            unnest(spans.times_s, spans.numbers) with ordinality as told (time_s, number, place)
                    ) as found
                where
                    clocks.timed_channel_numbers is not null
                    and timed.file_id = clocks.block_file_id
                    and timed.column_position = any(clocks.timed_channel_numbers)
            ) as of_channels
        ) as measured
    ) as spans
    cross join lateral generate_series(0, spans.sample_count - 1) as samples (sample)
) as measured
