with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
),

-- a function in the from clause splits each line once; in a select list it would be copied into every channel
plain_cells as (
    select
        plans.file_id,
        blocks.first_line + lines.line_offset - 1 as line_number,
        parsed.cells
    from plans
    inner join blocks on plans.file_id = blocks.file_id
    cross join lateral unnest(string_to_array(blocks.lines, chr(10))) with ordinality as lines (line, line_offset)
    cross join lateral string_to_array({{ telemetry_line('lines.line', 'plans') }}, plans.separator) as parsed (cells)
    where
        plans.quoting <> 'mixed'
        and blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
        and not {{ is_blank_line('lines.line') }}
),

mixed_cells as (
    select
        plans.file_id,
        blocks.first_line + lines.line_offset - 1 as line_number,
        parsed.cells
    from plans
    inner join blocks on plans.file_id = blocks.file_id
    cross join lateral unnest(string_to_array(blocks.lines, chr(10))) with ordinality as lines (line, line_offset)
    cross join lateral (
        select {{ csv_cells(telemetry_line('lines.line', 'plans'), 'plans.delimiter') }} as cells
    ) as parsed
    where
        plans.quoting = 'mixed'
        and blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
        and not {{ is_blank_line('lines.line') }}
),

cells as (
    select * from plain_cells
    union all
    select * from mixed_cells
)

select
    cells.file_id,
    cast(cells.line_number as integer) as line_number,
    {{ telemetry_clock('cells.cells[plans.elapsed_s_position]', 'cells.line_number', 'plans') }} as elapsed_s,
    {% for channel, kind in var('telemetry_channels').items() -%}
        {{ canonical_value('measured.' ~ channel, kind) }} as {{ channel }},
    {% endfor -%}
    nullif(concat_ws(
        ',',
        {% for channel, kind in var('telemetry_channels').items() if kind.type != 'boolean' -%}
            case when measured.{{ channel }} not between {{ kind.min }} and {{ kind.max }} then '{{ channel }}' end
            {{- ',' if not loop.last }}
        {% endfor -%}
    ), '') as out_of_range_channels
from cells
inner join plans on cells.file_id = plans.file_id
-- `having` keeps the planner from copying each parse into every place that uses it
cross join lateral (
    select
        {% for channel, kind in var('telemetry_channels').items() -%}
            {{ measured_channel('cells.cells[plans.' ~ channel ~ '_position]', channel, kind) }}
            * plans.{{ channel }}_factor + plans.{{ channel }}_offset as {{ channel }}
            {{- ',' if not loop.last }}
        {% endfor -%}
    having true
) as measured
