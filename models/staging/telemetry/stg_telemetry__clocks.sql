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
    -- in bytes: to count characters is to walk them all
    (octet_length(prepared.line) - octet_length(replace(prepared.line, plans.separator, '')))
    / octet_length(plans.separator) + 1 as cell_count,
    plans.column_count,
    case
        when plans.elapsed_s_position is null then plans.sample_rate_hz is not null
        else clock.clock_text <> ''
    end as has_clock,
    {{ telemetry_clock(to_float('clock.clock_text'), 'blocks.first_line + lines.line_offset - 1', 'plans') }}
        as elapsed_s
from plans
inner join blocks on plans.file_id = blocks.file_id
cross join lateral unnest(string_to_array(blocks.lines, chr(10))) with ordinality as lines (line, line_offset)
cross join
    lateral concat(
        case
            when plans.quoting = 'mixed' or plans.decimal_comma then {{ telemetry_line('lines.line', 'plans') }}
            else lines.line
        end
    ) as prepared (line)
cross join
    lateral trim(
        split_part(prepared.line, plans.separator, coalesce(plans.elapsed_s_position, 1)), chr(13) || ' "'
    ) as clock (clock_text)
where
    blocks.first_line + lines.line_offset - 1 >= plans.first_data_line
    and not {{ is_blank_line('lines.line') }}
