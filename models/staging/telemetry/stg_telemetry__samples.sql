{% set channels = var('telemetry_channels') %}

-- Each subquery uses what the inner one computed once per row. None of them is a CTE, and no CTE is used twice, because
-- PostgreSQL would compute it for all files in a single process.
with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
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
        split.block_file_id,
        split.line_number,
        {{ telemetry_clock(
            number_or_cell('split', 'elapsed_s', to_float('split.cells[split.elapsed_s_position]')),
            'split.line_number',
            'split'
        ) }} as elapsed_s,
        {% for channel, kind in channels.items() -%}
            {% set cell = measured_channel('split.cells[split.' ~ channel ~ '_position]', channel, kind) -%}
            {{ without_no_value(number_or_cell('split', channel, cell), channel, kind) }}
            * split.{{ channel }}_factor + split.{{ channel }}_offset as measured_{{ channel }},
        {% endfor -%}
        {{ computed_once() }}
    from (
        select
            read_at_once.*,
            case
                when read_at_once.numbers is null
                    then
                        string_to_array(
                            {{ telemetry_line('read_at_once.line', 'read_at_once') }}, read_at_once.separator
                        )
            end as cells,
            {{ computed_once() }}
        from (
            select
                *,
                {{ numbers_of('array_text') }} as numbers,
                {{ computed_once() }}
            from (
                select
                    plans.*,
                    blocks.file_id as block_file_id,
                    cast(blocks.first_line + lines.line_offset - 1 as integer) as line_number,
                    lines.line,
                    {{ line_as_array('lines.line', 'plans') }} as array_text,
                    {{ computed_once() }}
                from blocks
                inner join plans on blocks.file_id = plans.file_id
                cross join
                    lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_offset)
                where
                    blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
                    and not {{ is_blank_line('lines.line') }}
            ) as lines_read
        ) as read_at_once
    ) as split
) as measured
