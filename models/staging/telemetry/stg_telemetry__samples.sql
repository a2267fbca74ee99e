{% set channels = var('telemetry_channels') %}

-- Each step uses what the one before it computed once, for a block or for a line. PostgreSQL computes none of this in
-- parallel where a CTE or a lateral subquery holds it, so steps of a block are functions of one row.
with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
    -- a text that is read as a log has no word of its quotes
    where quoting is not null
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
)

select
    block_file_id as file_id,
    line_number,
    elapsed_s,
    {{ canonical_sample(channels) }}
from (
    select
        line.block_file_id,
        line.line_number,
        {{ telemetry_clock(
            number_or_cell('line', 'elapsed_s', to_float(item_at('line.cells', 'line.elapsed_s_position'))),
            'line.line_number',
            'line'
        ) }} as elapsed_s,
        {% for channel, kind in channels.items() -%}
            {% set cell = measured_channel(item_at('line.cells', 'line.' ~ channel ~ '_position'), channel, kind) -%}
            {{ without_no_value(number_or_cell('line', channel, cell), channel, kind) }}
            * line.{{ channel }}_factor + line.{{ channel }}_offset as measured_{{ channel }},
        {% endfor -%}
        {{ computed_once() }}
    from (
        select
            plans.*,
            blocks.file_id as block_file_id,
            cast(greatest(blocks.first_line, plans.first_data_line) + lines.place - 1 as integer) as line_number,
            {{ numbers_of_line('plans') }} as numbers,
            {{ cells_of(telemetry_line('lines.cells', 'plans'), 'plans.separator') }} as cells,
            {{ computed_once() }}
        from blocks
        inner join plans on blocks.file_id = plans.file_id
        {{ lines_of('blocks', 'plans') }}
        where not {{ is_blank_line('coalesce(lines.cells, lines.numbers)') }}
    ) as line
) as measured
