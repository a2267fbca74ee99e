with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'results'
),

-- every line of every session, counted before any model leaves lines out
sessions as (
    select
        file_id,
        sum(result_lines) as lines_read,
        sum(case when result_kind is null then result_lines else 0 end) as lines_set_aside
    from {{ ref('int_event_sessions_united') }}
    group by file_id
),

results as (
    select
        results.file_id,
        count(results.refused_reason) as lines_refused,
        count(case when session_files.state = 'winner' and results.refused_reason is null then 1 end) as lines_loaded,
        count(case when session_files.state = 'superseded' and results.refused_reason is null then 1 end)
            as lines_superseded,
        count(case when session_files.state = 'withheld' and results.refused_reason is null then 1 end)
            as lines_withheld
    from {{ ref('int_race_results_united') }} as results
    inner join {{ ref('int_event_session_files') }} as session_files
        on results.file_id = session_files.file_id and results.event_session_id = session_files.event_session_id
    where not results.is_derived and results.result_kind is not null
    group by results.file_id
)

select
    files.file_id,
    coalesce(sessions.lines_read, 0) as lines_read,
    coalesce(results.lines_loaded, 0) as lines_loaded,
    coalesce(results.lines_superseded, 0) as lines_superseded,
    coalesce(results.lines_refused, 0) as lines_refused,
    coalesce(results.lines_withheld, 0) as lines_withheld,
    coalesce(sessions.lines_set_aside, 0) as lines_set_aside
from files
left join sessions on files.file_id = sessions.file_id
left join results on files.file_id = results.file_id
