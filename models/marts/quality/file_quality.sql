with files as (
    select * from {{ ref('int_files_with_state') }}
),

session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
)

select
    files.file_id,
    session_files.session_id,
    files.file_name,
    files.source_format,
    files.format_family,
    files.state,
    files.reason,
    files.detail,
    files.file_bytes,
    cast(files.lines_read as bigint) as lines_read,
    cast(files.lines_loaded as bigint) as lines_loaded,
    cast(files.lines_superseded as bigint) as lines_superseded,
    cast(files.lines_refused as bigint) as lines_refused,
    cast(files.lines_withheld as bigint) as lines_withheld,
    cast(files.lines_set_aside as bigint) as lines_set_aside,
    cast(session_files.file_rank as smallint) as file_rank,
    (
        select
            cast(
                case when files.repairs is not null then coalesce(sum(cast(repaired.times as bigint)), 0) end as bigint
            )
        from jsonb_each_text(files.repairs) as repaired (kind, times)
    ) as repairs,
    (
        select string_agg(repaired.kind || ': ' || repaired.times, ', ' order by repaired.kind)
        from jsonb_each_text(files.repairs) as repaired (kind, times)
    ) as repairs_by_kind,
    files.modified_at,
    files.landed_at
from files
left join session_files on files.file_id = session_files.file_id
