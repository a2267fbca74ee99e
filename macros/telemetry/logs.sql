{% macro log_detail(key, default) -%}
    coalesce(nullif(cast(logged.details ->> '{{ key }}' as double precision), 0), {{ default }})
{%- endmacro %}


{% macro exact_numbers(block) -%}
    coalesce(
        cast({{ block }}.float_values as double precision[]),
        {{ block }}.double_values,
        cast({{ block }}.integer_values as double precision[]),
        cast(cast({{ block }}.boolean_values as integer[]) as double precision[])
    )
{%- endmacro %}


{% macro log_clock(block, sample, value=none) -%}
    {%- set line_number = '(' ~ block ~ '.first_line + ' ~ sample ~ ')' -%}
    {%- set part = bucket_of(line_number, numbers_in(block ~ '.part_first_lines', 'integer')) -%}
    {%- set offset = item_at(numbers_in(block ~ '.part_offsets_s', type_double()), part) -%}
    {%- set told = value or item_at(block ~ '.elapsed_s_values', sample ~ ' + 1') -%}
    {%- set clock = '(' ~ told ~ ' + coalesce(' ~ offset ~ ', 0))' -%}
    {{ telemetry_clock(clock, line_number, block) }}
{%- endmacro %}


{% macro log_value(block, channel, kind, sample) -%}
    {%- set values = block ~ '.' ~ channel ~ '_values' -%}
    {%- set rate = block ~ '.' ~ channel ~ '_rate_hz' -%}
    {%- set at = '(' ~ sample ~ ' * ' ~ rate ~ ' / ' ~ block ~ '.sample_rate_hz)' -%}
    {%- set place = 'cast(floor(' ~ at ~ ') as integer)' -%}
    {%- set before = item_at(values, place ~ ' + 1') -%}
    {%- set after = 'coalesce(' ~ item_at(values, place ~ ' + 2') ~ ', ' ~ before ~ ')' -%}
    {%- set previous = item_at(values, place) -%}
    {%- set following = item_at(values, place ~ ' + 3') -%}
    {%- set between = between_samples(kind) -%}
    {%- set step -%}
        {%- if between == 'rising' -%} {{ rising_step(previous, before, after, following) }}
        {%- else -%} ({{ after }} - {{ before }})
        {%- endif -%}
    {%- endset -%}
    {%- set value -%}
    case
        when {{ rate }} is null then {{ item_at(values, sample ~ ' + 1') }}
        else {{ before }}{% if between != 'held' %} + ({{ at }} - floor({{ at }})) * {{ step }}{% endif %}
    end
    {%- endset -%}
    {#- the bits of an unsigned number stand in a signed one -#}
    {%- if kind.type == 'bigint' -%}
        case
            when {{ value }} between -2147483648 and 4294967295
                then cast(mod({{ to_whole('(' ~ value ~ ')', 'bigint') }} + 4294967296, 4294967296) as {{ type_double() }})
            when ({{ value }}) is not null then cast('nan' as {{ type_double() }})
        end
    {%- else -%} {{ value }}
    {%- endif -%}
{%- endmacro %}


{% macro between_samples(kind) -%}
    {{ return(kind.get('between', 'linear' if kind.type in ('real', 'double precision') else 'held')) }}
{%- endmacro %}


{% macro rising_step(previous, before, after, following) -%}
    case
        when {{ after }} < {{ before }} / 2
            then greatest(coalesce({{ before }} - {{ previous }}, {{ following }} - {{ after }}, 0), 0)
        else greatest({{ after }} - {{ before }}, 0)
    end
{%- endmacro %}


{% macro timed_span_s() -%} 20.0 {%- endmacro %}


{% macro timed_value(channel, values, clock, channels) -%}
    {%- set kinds = {'held': [], 'rising': []} -%}
    {%- for name, kind in channels.items() -%}
        {%- do kinds.get(between_samples(kind), []).append(name) -%}
    {%- endfor -%}
    {%- set time = item_at(values ~ '.times_s', clock ~ '.place') -%}
    {%- set next_time = item_at(values ~ '.times_s', clock ~ '.place + 1') -%}
    {%- set number = item_at(values ~ '.numbers', clock ~ '.place') -%}
    {%- set next_number = item_at(values ~ '.numbers', clock ~ '.place + 1') -%}
    {%- set previous_number = item_at(values ~ '.numbers', clock ~ '.place - 1') -%}
    {%- set following_number = item_at(values ~ '.numbers', clock ~ '.place + 2') -%}
    {%- set longest_s = var('channel_gap_samples') ~ ' / ' ~ channel ~ '.sample_rate_hz' -%}
    case
        -- an event is the state until the next
        when {{ channel }}.sample_rate_hz is null then {{ number }}
        when {{ next_time }} - {{ time }} <= {{ longest_s }}
            then {{ number }} + case
                when {{ channel }}.canonical_channel in ('{{ kinds.held | join("', '") }}')
                    then 0
                else ({{ clock }}.elapsed_s - {{ time }}) / ({{ next_time }} - {{ time }})
            end * case
                when {{ channel }}.canonical_channel in ('{{ kinds.rising | join("', '") }}')
                    then {{ rising_step(previous_number, number, next_number, following_number) }}
                else {{ next_number }} - {{ number }}
            end
        when {{ clock }}.elapsed_s - {{ time }} < 1 / {{ channel }}.sample_rate_hz then {{ number }}
    end
{%- endmacro %}


{% macro canonical_sample(channels) -%}
    {%- for channel, kind in channels.items() -%}
        {{ canonical_value('measured_' ~ channel, kind) }} as {{ channel }},
    {% endfor -%}
    nullif(concat_ws(
        ',',
        {% for channel, kind in channels.items() -%}
            {%- if kind.type == 'boolean' -%}
                case when measured_{{ channel }} = cast('nan' as {{ type_double() }}) then '{{ channel }}' end
            {%- else -%}
                case when measured_{{ channel }} not between {{ double_literal(kind.min) }} and {{ double_literal(kind.max) }} then '{{ channel }}' end
            {%- endif -%}
            {{- ',' if not loop.last }}
        {% endfor -%}
    ), '') as out_of_range_channels
{%- endmacro %}


{% macro each_channel(channels, text) -%}
    {%- for channel in channels -%} {{ text | replace('{}', channel) }}{{ ', ' if not loop.last }} {%- endfor -%}
{%- endmacro %}


{% macro span_of(values) -%}
    {{ list_of(
        item_at(ordered_list('previous_' ~ values, ['time_s', 'sample']), 1),
        ordered_list(values, ['time_s', 'sample']),
        item_at(ordered_list('next_' ~ values, ['time_s', 'sample']), 'count(*)')
    ) }}
{%- endmacro %}
