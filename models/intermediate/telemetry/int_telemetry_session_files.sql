{{ config(materialized='incremental', incremental_strategy='replace_all', on_schema_change='sync_all_columns') }}

with sessions as (
    select * from {{ ref('stg_telemetry__sessions') }}
),

plans as (
    select * from {{ ref('stg_telemetry__channel_plans') }}
),

checked as (
    select * from {{ ref('int_telemetry_files_checked') }}
    where first_elapsed_s is not null and not {{ has_too_many_bad_lines('lines_refused', 'lines_read') }}
),

ranked as (
    select
        sessions.session_id,
        sessions.file_id,
        checked.first_elapsed_s,
        checked.last_elapsed_s,
        checked.sample_rate_hz,
        plans.input_hash as plan_hash,
        row_number() over (
            partition by sessions.session_id
            order by
                round(cast(checked.sample_rate_hz as numeric), 0) desc nulls last,
                sessions.modified_at desc,
                sessions.file_id asc
        ) as file_rank
    from sessions
    inner join plans on sessions.file_id = plans.file_id
    inner join checked on sessions.file_id = checked.file_id
)

select
    ranked.session_id,
    ranked.file_id,
    cast(ranked.file_rank as integer) as file_rank,
    ranked.first_elapsed_s,
    ranked.last_elapsed_s,
    ranked.sample_rate_hz,
    ranked.plan_hash,
    -- a file that a better one covers whole gives nothing
    not exists (
        select 1
        from ranked as better
        where
            better.session_id = ranked.session_id
            and better.file_rank < ranked.file_rank
            and better.first_elapsed_s <= ranked.first_elapsed_s
            and better.last_elapsed_s >= ranked.last_elapsed_s
    ) as is_used
from ranked
