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
    {{ telemetry_clock('split.cells[plans.elapsed_s_position]', 'blocks.first_line + lines.line_offset - 1', 'plans') }}
        as elapsed_s,
    {% for channel, kind in var('telemetry_channels').items() -%}
        {{ canonical_value('measured.channels[' ~ loop.index ~ ']', kind) }} as {{ channel }},
    {% endfor -%}
    nullif(concat_ws(
        ',',
        {% for channel, kind in var('telemetry_channels').items() -%}
            {%- if kind.type == 'boolean' -%}
                case when measured.channels[{{ loop.index }}] = cast('nan' as double precision) then '{{ channel }}' end
            {%- else -%}
                case
                    when
                        measured.channels[{{ loop.index }}] not between {{ kind.min }} and {{ kind.max }}
                        then '{{ channel }}'
                end
            {%- endif -%}
            {{- ',' if not loop.last }}
        {% endfor -%}
    ), '') as out_of_range_channels
from plans
inner join blocks on plans.file_id = blocks.file_id
cross join lateral unnest(string_to_array(blocks.lines, chr(10))) with ordinality as lines (line, line_offset)
cross join lateral string_to_array({{ telemetry_line('lines.line', 'plans') }}, plans.separator) as split (cells)
cross join
    lateral trim_array(
        array[
            {% for channel, kind in var('telemetry_channels').items() -%}
                {{ measured_channel('split.cells[plans.' ~ channel ~ '_position]', channel, kind) }}
                * plans.{{ channel }}_factor + plans.{{ channel }}_offset
                {{- ',' if not loop.last }}
            {% endfor -%}
        ],
        0
    ) as measured (channels)
where
    blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
    and not {{ is_blank_line('lines.line') }}
