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

-- what could not be read has no hash: its path stands for it
refusals as (
    select
        *,
        case when file_bytes = 0 then 'path:' || {{ md5_of_names('file_path') }} else file_id end as content_id
    from {{ ref('stg_files__rejected_files') }}
),

-- a content refused once may be read by a later version, a path without bytes may have some later: no longer refused
rejected as (
    select
        refusals.content_id,
        refusals.reason,
        refusals.detail,
        refusals.file_bytes,
        -- whatever order the copies of one content came in
        min(refusals.file_name) over (partition by refusals.content_id) as file_name,
        row_number() over (
            partition by refusals.content_id
            order by refusals.last_rejected_at desc, refusals.file_path asc, refusals.reason asc
        ) as refusal_rank
    from refusals
    where
        not exists (
            select 1 from files
            where files.file_id = refusals.file_id
        )
        and not exists (
            select 1
            from {{ ref('stg_files__sightings') }} as sightings
            where
                refusals.file_bytes = 0
                and sightings.last_seen_at >= refusals.last_rejected_at
                and (
                    sightings.file_path = refusals.file_path
                    or left(sightings.file_path, length(refusals.file_path) + 1) = refusals.file_path || '/'
                )
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
    rejected.content_id as file_id,
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
    0 as lines_withheld,
    cast(null as timestamptz) as modified_at,
    cast(null as timestamptz) as landed_at
from rejected
where rejected.refusal_rank = 1
