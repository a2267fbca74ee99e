with session_files as (
    select * from {{ ref('int_telemetry_session_files') }}
    where is_used
),

parts as (
    select * from {{ ref('stg_iracing__log_parts') }}
    where started_elapsed_s is not null
),

ranked as (
    select
        session_files.session_id,
        parts.started_elapsed_s,
        parts.event_session_id,
        -- a log and one that was cut off from it tell of the same parts
        row_number() over (
            partition by session_files.session_id, parts.started_elapsed_s
            order by session_files.file_rank, parts.first_line
        ) as part_rank
    from parts
    inner join session_files on parts.file_id = session_files.file_id
)

select
    session_id,
    started_elapsed_s,
    event_session_id
from ranked
where part_rank = 1
