with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'telemetry'
),

checked as (
    select * from {{ ref('int_telemetry_files_checked') }}
),

session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
),

loaded as (
    select * from {{ ref('int_telemetry_file_line_counts') }}
),

counted as (

    select
        files.file_id,
        coalesce(checked.lines_read, 0) as lines_read,
        coalesce(checked.lines_refused, 0) as lines_refused,
        coalesce(loaded.lines_loaded, 0) as lines_loaded,
        coalesce(case
            when {{ has_too_many_bad_lines('checked.lines_refused', 'checked.lines_read') }}
                then checked.lines_read - checked.lines_refused
        end, 0) as lines_withheld,
        coalesce(loaded.lines_out_of_range, 0) as lines_out_of_range,
        coalesce(loaded.lines_without_speed, 0) as lines_without_speed,
        -- the part that a better file of the session may cover instead
        exists(
            select 1
            from session_files as better
            where
                better.session_id = session_files.session_id
                and better.file_rank < session_files.file_rank
                and better.first_elapsed_s <= session_files.last_elapsed_s
                and better.last_elapsed_s >= session_files.first_elapsed_s
        ) as has_better_file
    from files
    left join checked on files.file_id = checked.file_id
    left join session_files on files.file_id = session_files.file_id
    left join loaded on files.file_id = loaded.file_id
)

select
    file_id,
    lines_read,
    lines_loaded,
    -- only a file with a better one beside it may miss lines; elsewhere a missing line is lost, and a test fails
    case when has_better_file then lines_read - lines_refused - lines_loaded else 0 end as lines_superseded,
    lines_refused,
    lines_withheld,
    lines_out_of_range,
    lines_without_speed
from counted
