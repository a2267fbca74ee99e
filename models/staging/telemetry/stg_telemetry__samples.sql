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
            number_or_cell('line', 'elapsed_s', to_float('line.cells[line.elapsed_s_position]')),
            'line.line_number',
            'line'
        ) }} as elapsed_s,
        {% for channel, kind in channels.items() -%}
            {% set cell = measured_channel('line.cells[line.' ~ channel ~ '_position]', channel, kind) -%}
            {{ without_no_value(number_or_cell('line', channel, cell), channel, kind) }}
            * line.{{ channel }}_factor + line.{{ channel }}_offset as measured_{{ channel }},
        {% endfor -%}
        {{ computed_once() }}
    from (
        select
            plans.*,
            blocks.file_id as block_file_id,
            cast(greatest(blocks.first_line, plans.first_data_line) + lines.place - 1 as integer) as line_number,
            {{ numbers_of('lines.numbers', "block.kind <> 'numbers'", 'plans') }} as numbers,
            string_to_array({{ telemetry_line('lines.cells', 'plans') }}, plans.separator) as cells,
            {{ computed_once() }}
        from blocks
        inner join plans on blocks.file_id = plans.file_id
        cross join
            lateral unnest(array[{{ lines_from('blocks.lines', 'plans.first_data_line - blocks.first_line') }}])
                as data (lines)
        cross join lateral unnest(array[{{ lines_as_arrays('data.lines', 'plans') }}]) as spelt (lines)
        -- most blocks are numbers throughout, or numbers and empty cells
        cross join
            lateral unnest(array[
                case
                    when {{ are_numbers('spelt.lines', 'plans', has_gaps=false) }} then 'numbers'
                    when {{ are_numbers('spelt.lines', 'plans', has_gaps=true) }} then 'gaps'
                    else 'words'
                end
            ]) as block (kind)
        -- of lines with words the words alone are read as cells; all is, where something else stands among the numbers
        cross join
            lateral unnest(array[
                case when block.kind = 'words' then {{ words_as_nan('spelt.lines', 'plans') }} else spelt.lines end
            ]) as worded (lines)
        cross join
            lateral unnest(
                string_to_array(
                    case
                        when block.kind <> 'words' or {{ are_numbers('worded.lines', 'plans', has_gaps=true) }}
                            then worded.lines
                    end,
                    chr(10)
                ),
                string_to_array(case when block.kind = 'words' then data.lines end, chr(10))
            ) with ordinality as lines (numbers, cells, place)
        where not {{ is_blank_line('coalesce(lines.cells, lines.numbers)') }}
    ) as line
) as measured
