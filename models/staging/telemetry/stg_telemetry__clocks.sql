-- Each subquery uses what the inner one computed once per row. A CTE would be computed for all files in a single
-- process.
with plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
    -- a text that is read as a log has no word of its quotes
    where quoting is not null
),

blocks as (
    select * from {{ ref('stg_files__blocks') }}
)

select
    cut.block_file_id as file_id,
    cut.line_number,
    -- in bytes, because counting characters reads all of them
    (octet_length(cut.line) - octet_length(replace(cut.line, cut.separator, '')))
    / octet_length(cut.separator) + 1 as cell_count,
    cut.column_count,
    case
        when cut.elapsed_s_position is null then cut.sample_rate_hz is not null
        else cut.clock_text <> ''
    end as has_clock,
    {{ telemetry_clock(to_float('cut.clock_text'), 'cut.line_number', 'cut') }} as elapsed_s
from (
    select
        *,
        trim(split_part(line, separator, coalesce(elapsed_s_position, 1)), chr(13) || ' "') as clock_text,
        {{ computed_once() }}
    from (
        select
            plans.*,
            blocks.file_id as block_file_id,
            cast(blocks.first_line + lines.line_offset - 1 as integer) as line_number,
            case
                when plans.quoting = 'mixed' or plans.decimal_comma then {{ telemetry_line('lines.line', 'plans') }}
                else lines.line
            end as line,
            {{ computed_once() }}
        from blocks
        inner join plans on blocks.file_id = plans.file_id
        cross join lateral string_to_table(blocks.lines, chr(10)) with ordinality as lines (line, line_offset)
        where
            blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
            and not {{ is_blank_line('lines.line') }}
    ) as prepared
) as cut
