{% set channels = var('telemetry_channels') %}
{% set value_of = {} %}
{% for channel, kind in channels.items() -%}
    {% set read = 'coalesce(plain.numbers[plans.' ~ channel ~ '_position], other.numbers[' ~ loop.index ~ '])' -%}
    {% set measured = without_no_value(read, channel, kind) -%}
    {% set in_its_unit = '(' ~ measured ~ ' * plans.' ~ channel ~ '_factor + plans.' ~ channel ~ '_offset)' -%}
    {% do value_of.update({channel: in_its_unit}) -%}
{% endfor %}

-- Each CTE is used once: one used twice is computed by itself, for all files and not in parallel. What is used more
-- than once below is a function in the from clause: an expression is copied into every place that uses it, and a
-- lateral subquery is read in one process alone.
with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
)

select
    plans.file_id,
    cast(blocks.first_line + lines.line_offset - 1 as integer) as line_number,
    {{ telemetry_clock(
        'coalesce(plain.numbers[plans.elapsed_s_position], other.numbers[' ~ (channels | length + 1) ~ '])',
        'blocks.first_line + lines.line_offset - 1',
        'plans'
    ) }} as elapsed_s,
    {% for channel, kind in channels.items() -%}
        {{ canonical_value(value_of[channel], kind) }} as {{ channel }},
    {% endfor -%}
    nullif(concat_ws(
        ',',
        {% for channel, kind in channels.items() -%}
            {%- if kind.type == 'boolean' -%}
                case when {{ value_of[channel] }} = cast('nan' as double precision) then '{{ channel }}' end
            {%- else -%}
                case
                    when {{ value_of[channel] }} not between {{ kind.min }} and {{ kind.max }} then '{{ channel }}'
                end
            {%- endif -%}
            {{- ',' if not loop.last }}
        {% endfor -%}
    ), '') as out_of_range_channels
from plans
inner join blocks on plans.file_id = blocks.file_id
cross join lateral unnest(string_to_array(blocks.lines, chr(10))) with ordinality as lines (line, line_offset)
cross join lateral {{ line_as_array('lines.line', 'plans') }} as written (array_text)
cross join lateral {{ numbers_of('written.array_text') }} as plain (numbers)
cross join
    lateral string_to_array(
        case when plain.numbers is null then {{ telemetry_line('lines.line', 'plans') }} end, plans.separator
    ) as split (cells)
cross join
    lateral coalesce(
        case
            when plain.numbers is null
                then
                    array[
                        {% for channel, kind in channels.items() -%}
                            {{ measured_channel('split.cells[plans.' ~ channel ~ '_position]', channel, kind) }},
                        {% endfor -%}
                        {{ to_float('split.cells[plans.elapsed_s_position]') }}
                    ]
        end,
        null
    ) as other (numbers)
where
    blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
    and not {{ is_blank_line('lines.line') }}
