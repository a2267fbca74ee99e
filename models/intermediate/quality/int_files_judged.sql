with files as (
    select * from {{ ref('stg_files__files') }}
),

lines as (
    select
        file_id,
        lines_read,
        lines_loaded,
        lines_superseded,
        lines_refused
    from {{ ref('int_telemetry_file_lines') }}
    union all
    select
        file_id,
        lines_read,
        lines_loaded,
        lines_superseded,
        lines_refused
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
    {{ pseudonym('files.file_name', 'File') }} as file_name,
    files.source_format,
    files.format_family,
    case
        when lines.lines_loaded > 0 then 'used'
        when lines.lines_superseded > 0 then 'superseded'
        when files.format_family = 'results' and lines.lines_read = 0 then 'practice'
        else 'no_rows'
    end as state,
    cast(null as {{ dbt.type_string() }}) as reason,
    cast(null as {{ dbt.type_string() }}) as detail,
    files.file_bytes,
    lines.lines_read,
    lines.lines_loaded,
    lines.lines_superseded,
    lines.lines_refused,
    files.modified_at,
    files.landed_at
from files
inner join lines on files.file_id = lines.file_id
union all
select
    -- what could not be read has no hash: its path stands for it
    case
        when rejected.file_bytes = 0 then 'path:' || {{ md5_of_names('rejected.file_path') }} else rejected.file_id
    end as file_id,
    {{ pseudonym('rejected.file_name', 'File') }} as file_name,
    cast(null as {{ dbt.type_string() }}) as source_format,
    cast(null as {{ dbt.type_string() }}) as format_family,
    'refused' as state,
    rejected.reason,
    {{ unless_pseudonymised('rejected.detail') }} as detail,
    rejected.file_bytes,
    0 as lines_read,
    0 as lines_loaded,
    0 as lines_superseded,
    0 as lines_refused,
    cast(null as timestamptz) as modified_at,
    cast(null as timestamptz) as landed_at
from rejected
where rejected.refusal_rank = 1
