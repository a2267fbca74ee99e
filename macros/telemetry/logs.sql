{% macro log_detail(key, default) -%}
    coalesce(nullif(cast(logged.details ->> '{{ key }}' as double precision), 0), {{ default }})
{%- endmacro %}


{% macro block_numbers(block) -%}
    coalesce(
        cast({{ block }}.float_values as double precision[]),
        {{ block }}.double_values,
        cast({{ block }}.integer_values as double precision[]),
        cast(cast({{ block }}.boolean_values as integer[]) as double precision[])
    )
{%- endmacro %}


{% macro log_clock(block, sample) -%}
    {%- set line_number = '(' ~ block ~ '.first_line + ' ~ sample ~ ')' -%}
    {%- set part = 'width_bucket(' ~ line_number ~ ', cast(' ~ block ~ '.part_first_lines as integer[]))' -%}
    {%- set offset = '(cast(' ~ block ~ '.part_offsets_s as double precision[]))[' ~ part ~ ']' -%}
    {%- set clock = '(' ~ block ~ '.elapsed_s_values[' ~ sample ~ ' + 1] + coalesce(' ~ offset ~ ', 0))' -%}
    {{ telemetry_clock(clock, line_number, block) }}
{%- endmacro %}


{% macro log_value(block, channel, kind, sample) -%}
    {%- set values = block ~ '.' ~ channel ~ '_values' -%}
    {%- set rate = block ~ '.' ~ channel ~ '_rate_hz' -%}
    {%- set at = '(' ~ sample ~ ' * ' ~ rate ~ ' / ' ~ block ~ '.sample_rate_hz)' -%}
    {%- set before = values ~ '[cast(floor(' ~ at ~ ') as integer) + 1]' -%}
    {%- set after = 'coalesce(' ~ values ~ '[cast(floor(' ~ at ~ ') as integer) + 2], ' ~ before ~ ')' -%}
    {%- set between = kind.get('between', 'linear' if kind.type in ('real', 'double precision') else 'held') -%}
    {%- set step -%}
        {%- if between == 'rising' -%} greatest({{ after }} - {{ before }}, 0)
        {%- else -%} ({{ after }} - {{ before }})
        {%- endif -%}
    {%- endset -%}
    {%- set value -%}
    case
        when {{ rate }} is null then {{ values }}[{{ sample }} + 1]
        else {{ before }}{% if between != 'held' %} + ({{ at }} - floor({{ at }})) * {{ step }}{% endif %}
    end
    {%- endset -%}
    {#- the bits of an unsigned number stand in a signed one -#}
    {%- if kind.type == 'bigint' -%} mod(cast(({{ value }}) as bigint) + 4294967296, 4294967296)
    {%- else -%} {{ value }}
    {%- endif -%}
{%- endmacro %}


{% macro canonical_sample(channels) -%}
    {%- for channel, kind in channels.items() -%}
        {{ canonical_value('measured_' ~ channel, kind) }} as {{ channel }},
    {% endfor -%}
    nullif(concat_ws(
        ',',
        {% for channel, kind in channels.items() -%}
            {%- if kind.type == 'boolean' -%}
                case when measured_{{ channel }} = cast('nan' as double precision) then '{{ channel }}' end
            {%- else -%}
                case when measured_{{ channel }} not between {{ kind.min }} and {{ kind.max }} then '{{ channel }}' end
            {%- endif -%}
            {{- ',' if not loop.last }}
        {% endfor -%}
    ), '') as out_of_range_channels
{%- endmacro %}


{% macro each_channel(channels, text) -%}
    {%- for channel in channels -%} {{ text | replace('{}', channel) }}{{ ', ' if not loop.last }} {%- endfor -%}
{%- endmacro %}
