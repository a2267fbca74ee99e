with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
),

data_lines as (
    select
        plans.file_id,
        blocks.first_line + lines.line_offset - 1 as line_number,
        {{ telemetry_line('lines.line', 'plans') }} as line
    from plans
    inner join blocks on plans.file_id = blocks.file_id
    cross join lateral unnest(string_to_array(blocks.lines, chr(10))) with ordinality as lines (line, line_offset)
    where
        blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
        and not {{ is_blank_line('lines.line') }}
),

-- only mixed quoting needs the careful split
split as (
    select
        data_lines.file_id,
        data_lines.line_number,
        (length(data_lines.line) - length(replace(data_lines.line, plans.separator, '')))
        / length(plans.separator) + 1 as cell_count,
        split_part(data_lines.line, plans.separator, coalesce(plans.elapsed_s_position, 1)) as clock_text
    from data_lines
    inner join plans on data_lines.file_id = plans.file_id
    where plans.quoting <> 'mixed'
    union all
    select
        data_lines.file_id,
        data_lines.line_number,
        cardinality(parsed.cells) as cell_count,
        parsed.cells[coalesce(plans.elapsed_s_position, 1)] as clock_text
    from data_lines
    inner join plans on data_lines.file_id = plans.file_id
    cross join lateral (select {{ csv_cells('data_lines.line', 'plans.delimiter') }} as cells) as parsed
    where plans.quoting = 'mixed'
)

select
    split.file_id,
    cast(split.line_number as integer) as line_number,
    split.cell_count,
    plans.column_count,
    {{ telemetry_clock('split.clock_text', 'split.line_number', 'plans') }} as elapsed_s
from split
inner join plans on split.file_id = plans.file_id
