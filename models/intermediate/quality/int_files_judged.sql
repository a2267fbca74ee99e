{%- set is_withheld = 'lines.lines_refused > 0 and lines.lines_loaded = 0 and lines.lines_superseded = 0' %}

with files as (
    select * from {{ ref('stg_files__files') }}
),

lines as (
    select
        file_id,
        lines_read,
        lines_loaded,
        lines_superseded,
        lines_refused,
        lines_withheld
    from {{ ref('int_telemetry_file_lines') }}
    union all
    select
        file_id,
        lines_read,
        lines_loaded,
        lines_superseded,
        lines_refused,
        lines_withheld
    from {{ ref('int_result_file_lines') }}
),

-- a content refused once may be read by a later version: then it is no longer refused
rejected as (
    select
        rejected.*,
        row_number() over (
            partition by rejected.file_id, case when rejected.file_bytes = 0 then rejected.file_path end
            order by rejected.rejected_at desc, rejected.file_path asc, rejected.reason asc
        ) as refusal_rank
    from {{ ref('stg_files__rejected_files') }} as rejected
    where not exists (
            select 1 from files
            where files.file_id = rejected.file_id
        )
)

select
    files.file_id,
    files.file_name,
    files.source_format,
    files.format_family,
    case
        when lines.lines_loaded > 0 then 'used'
        when lines.lines_superseded > 0 then 'superseded'
        when files.format_family = 'results' and lines.lines_read = 0 then 'practice'
        when lines.lines_refused > 0 then 'withheld'
        else 'no_rows'
    end as state,
    case when {{ is_withheld }} then 'too_many_bad_lines' end as reason,
    case
        when {{ is_withheld }}
            then
                lines.lines_refused || ' of ' || lines.lines_read || ' lines are refused, more than a share of '
                || '{{ var("bad_line_share_limit") }}'
    end as detail,
    files.file_bytes,
    lines.lines_read,
    lines.lines_loaded,
    lines.lines_superseded,
    lines.lines_refused,
    lines.lines_withheld,
    files.modified_at,
    files.landed_at
from files
inner join lines on files.file_id = lines.file_id
union all
select
    -- what could not be read has no hash: its path stands for it
    case
        when rejected.file_bytes = 0 then 'path:' || md5(rejected.file_path) else rejected.file_id
    end as file_id,
    rejected.file_name,
    cast(null as {{ dbt.type_string() }}) as source_format,
    cast(null as {{ dbt.type_string() }}) as format_family,
    'refused' as state,
    rejected.reason,
    rejected.detail,
    rejected.file_bytes,
    0 as lines_read,
    0 as lines_loaded,
    0 as lines_superseded,
    0 as lines_refused,
    0 as lines_withheld,
    cast(null as timestamptz) as modified_at,
    cast(null as timestamptz) as landed_at
from rejected
where rejected.refusal_rank = 1
