{% macro blocks_of_logs(channels) -%} {{ return(adapter.dispatch('blocks_of_logs')(channels)) }} {%- endmacro %}

{#- The clock of the log first: of the others it says which are needed. -#}
{% macro postgres__blocks_of_logs(channels) -%}
    {%- set clock_and_channels = ['elapsed_s'] + (channels | list) -%}
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
{%- endmacro %}

{#- What an array subquery is to PostgreSQL is here a function of an array. -#}
{% macro spark__blocks_of_logs(channels) -%}
    {%- set clock_and_channels = ['elapsed_s'] + (channels | list) -%}
    {%- set blocks = ref('stg_files__channel_blocks') -%}
    {%- set clocks -%}
        select
            *,
            size(elapsed_s_values) as sample_count,
            case
                when timed_channels is not null
                    then transform(sequence(0, size(elapsed_s_values) - 1), sample -> {{ log_clock('clock', 'sample') }})
            end as clock_s
        from (
            select
                plans.*,
                blocks.file_id as block_file_id,
                blocks.block_number,
                cast(blocks.first_sample + 1 as integer) as first_line,
                {{ block_numbers('blocks') }} as elapsed_s_values
            from {{ blocks }} as blocks
            inner join plans on blocks.file_id = plans.file_id and blocks.channel_number = plans.clock_channel_number
        ) as clock
    {%- endset -%}
    select
        clocks.*,
        {{ each_channel(clock_and_channels, 'measured.{}_values') }}
    from (
        select
            plans.*,
            clocks.block_file_id,
            clocks.block_number,
            clocks.first_line,
            clocks.sample_count
        from ({{ clocks }}) as clocks
        inner join plans on clocks.block_file_id = plans.file_id
    ) as clocks
    inner join (
        select
            of_channels.file_id,
            of_channels.block_number,
            {{ each_channel(
                clock_and_channels,
                'max(of_channels.numbers) filter (where of_channels.channel_number = plans.{}_position) as {}_values'
            ) }}
        from (
            select
                blocks.file_id,
                blocks.block_number,
                blocks.channel_number,
                concat({{ block_numbers('blocks') }}, coalesce(nexts.numbers, cast(array() as array<double>))) as numbers
            from {{ blocks }} as blocks
            inner join (
                select
                    file_id,
                    coalesce({{ numbers_in('timed_channels', 'integer') }}, cast(array() as array<integer>)) as timed_channel_numbers,
                    array({{ each_channel(clock_and_channels, '{}_position') }}) as channel_numbers,
                    array(
                        {{ each_channel(channels, 'case when {}_rate_hz is not null then {}_position end') }}
                    ) as laid_channel_numbers
                from plans
            ) as needed
                on
                    blocks.file_id = needed.file_id
                    and coalesce(array_contains(needed.channel_numbers, cast(blocks.channel_number as integer)), false)
                    and not array_contains(needed.timed_channel_numbers, cast(blocks.channel_number as integer))
            -- a slower channel is laid on the clock up to the first value of the next block
            left join (
                select
                    first_values.file_id,
                    first_values.channel_number,
                    first_values.block_number - 1 as block_number,
                    slice({{ block_numbers('first_values') }}, 1, 1) as numbers
                from {{ blocks }} as first_values
            ) as nexts
                on
                    blocks.file_id = nexts.file_id
                    and blocks.channel_number = nexts.channel_number
                    and blocks.block_number = nexts.block_number
                    and coalesce(array_contains(needed.laid_channel_numbers, cast(blocks.channel_number as integer)), false)
            union all
            select
                found.file_id,
                found.block_number,
                found.channel_number,
                transform(
                    transform(
                        found.clock_s,
                        elapsed_s -> struct(elapsed_s as elapsed_s, {{ bucket_of('elapsed_s', 'found.times_s') }} as place)
                    ),
                    laid -> {{ timed_value('timed', 'found', 'laid', channels) }}
                ) as numbers
            from (
                select
                    file_id,
                    block_number,
                    channel_number,
                    clock_s,
                    transform(told, one -> one.time_s) as times_s,
                    transform(told, one -> one.number) as numbers
                from (
                    select
                        clocks.block_file_id as file_id,
                        clocks.block_number,
                        spans.channel_number,
                        max(clocks.clock_s) as clock_s,
                        array_sort(flatten(collect_list(spans.told))) as told
                    from ({{ clocks }}) as clocks
                    inner join (
                        select
                            file_id,
                            channel_number,
                            span_number,
                            lead(span_number) over (partition by file_id, channel_number order by span_number)
                                as next_span_number,
                            transform(
                                times_s, (time_s, place) -> struct(time_s as time_s, place as place, get(numbers, place) as number)
                            ) as told
                        from {{ ref('stg_telemetry__timed_values') }}
                    ) as spans
                        on
                            clocks.block_file_id = spans.file_id
                            -- else Spark tells that a clock is not null, and computes each once more to know
                            and coalesce(spans.span_number <= floor(array_max(clocks.clock_s) / {{ timed_span_s() }}), false)
                            and (
                                spans.span_number >= floor(array_min(clocks.clock_s) / {{ timed_span_s() }})
                                or spans.next_span_number is null
                                or spans.next_span_number > floor(array_min(clocks.clock_s) / {{ timed_span_s() }})
                            )
                    group by clocks.block_file_id, clocks.block_number, spans.channel_number
                ) as spans
            ) as found
            inner join {{ ref('stg_telemetry__channels') }} as timed
                on found.file_id = timed.file_id and found.channel_number = timed.column_position
        ) as of_channels
        inner join plans on of_channels.file_id = plans.file_id
        group by of_channels.file_id, of_channels.block_number
    ) as measured
        on clocks.block_file_id = measured.file_id and clocks.block_number = measured.block_number
{%- endmacro %}


{% macro block_numbers(block) -%} {{ return(adapter.dispatch('block_numbers')(block)) }} {%- endmacro %}

{% macro postgres__block_numbers(block) -%}
    coalesce(
        cast({{ block }}.float_values as double precision[]),
        {#- Of what is no number of a car the sums would be out of range, and that ends a build. Singles stay within. -#}
        case
            when {{ block }}.double_values is not null
                then array(
                    select
                        case
                            when abs(number) < 1e-30 then 0
                            when number is null or abs(number) <= 1e30 then number
                            else cast('nan' as double precision)
                        end
                    from unnest({{ block }}.double_values) as doubles (number)
                )
        end,
        cast({{ block }}.integer_values as double precision[]),
        cast(cast({{ block }}.boolean_values as integer[]) as double precision[])
    )
{%- endmacro %}

{% macro spark__block_numbers(block) -%}
    coalesce(
        cast({{ block }}.float_values as array<double>),
        transform(
            {{ block }}.double_values,
            number -> case
                when abs(number) < 1e-30D then 0D
                when number is null or abs(number) <= 1e30D then number
                else cast('nan' as double)
            end
        ),
        cast({{ block }}.integer_values as array<double>),
        transform({{ block }}.boolean_values, flag -> cast(cast(flag as integer) as double))
    )
{%- endmacro %}


{% macro samples_of_logs(spans, channels) -%} {{ return(adapter.dispatch('samples_of_logs')(spans, channels)) }} {%- endmacro %}

{% macro postgres__samples_of_logs(spans, channels) -%}
    {{ whole_numbers('0', spans ~ '.sample_count - 1') }} as samples (sample)
{%- endmacro %}

{#- Spark copies what a row holds for each row that is made of it. So the values go with the sample, and the arrays stay. -#}
{% macro spark__samples_of_logs(spans, channels) -%}
    inline(
        transform(
            case when {{ spans }}.sample_count > 0 then sequence(0, {{ spans }}.sample_count - 1) end,
            sample -> struct(
                sample as sample,
                {{ item_at(spans ~ '.elapsed_s_values', 'sample + 1') }} as elapsed_s
                {%- for channel, kind in channels.items() %},
                    {{ log_value(spans, channel, kind, 'sample') }} as {{ channel }}
                {%- endfor %}
            )
        )
    ) as samples (sample, elapsed_s, {{ channels | join(', ') }})
{%- endmacro %}

{#- Sail repeats for each item of a list what the function of it reads, which took 19 GB. -#}
{% macro sail__samples_of_logs(spans, channels) -%} {{ return(postgres__samples_of_logs(spans, channels)) }} {%- endmacro %}


{% macro value_of_sample(spans, channel, kind=none) -%} {{ return(adapter.dispatch('value_of_sample')(spans, channel, kind)) }} {%- endmacro %}

{% macro postgres__value_of_sample(spans, channel, kind) -%}
    {%- if kind -%} {{ log_value(spans, channel, kind, 'samples.sample') }}
    {%- else -%} {{ item_at(spans ~ '.' ~ channel ~ '_values', 'samples.sample + 1') }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__value_of_sample(spans, channel, kind) -%} samples.{{ channel }} {%- endmacro %}

{% macro sail__value_of_sample(spans, channel, kind) -%} {{ return(postgres__value_of_sample(spans, channel, kind)) }} {%- endmacro %}
