with files as (
    select
        files.file_id,
        coalesce(formats.is_kept_only, false) as is_kept,
        case when formats.is_kept_only then files.entry_count end as kept_lines
    from {{ ref('stg_files__files') }} as files
    left join {{ ref('source_formats') }} as formats on files.source_format = formats.source_format
    where files.format_family = 'results'
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
),

laps as (
    select
        file_id,
        count(*) as lines_read,
        count(case when state = 'loaded' then 1 end) as lines_loaded,
        count(case when state = 'superseded' then 1 end) as lines_superseded,
        count(case when state = 'refused' then 1 end) as lines_refused,
        count(case when state = 'set_aside' then 1 end) as lines_set_aside,
        max(waits_for) as waits_for
    from {{ ref('int_iracing_laps_matched') }}
    group by file_id
),

standings as (
    select
        file_id,
        count(*) as lines_read,
        count(case when state = 'loaded' then 1 end) as lines_loaded,
        count(case when state = 'superseded' then 1 end) as lines_superseded,
        count(case when state = 'refused' then 1 end) as lines_refused,
        count(case when state = 'withheld' then 1 end) as lines_withheld,
        count(case when state = 'set_aside' then 1 end) as lines_set_aside
    from {{ ref('int_standings_united') }}
    group by file_id
),

-- an index is read by the files that it names
indexes as (
    select
        file_id,
        min(case chunk_format when 'iracing_laps_json' then 'laps' else 'standings' end) as chunk_kind,
        count(distinct chunk_number) as lines_read,
        count(distinct case when chunk_file_id is not null then chunk_number end) as lines_loaded
    from {{ ref('stg_iracing__chunk_indexes') }}
    group by file_id
)

select
    files.file_id,
    files.is_kept,
    case
        when indexes.lines_read > indexes.lines_loaded
            then
                'an index, which waits for ' || (indexes.lines_read - indexes.lines_loaded)
                || ' of its ' || indexes.lines_read || ' files of ' || indexes.chunk_kind
        else laps.waits_for
    end as waits_for,
    coalesce(
        sessions.lines_read, laps.lines_read, standings.lines_read, indexes.lines_read, files.kept_lines, 0
    ) as lines_read,
    coalesce(results.lines_loaded, laps.lines_loaded, standings.lines_loaded, indexes.lines_loaded, 0) as lines_loaded,
    coalesce(results.lines_superseded, laps.lines_superseded, standings.lines_superseded, 0) as lines_superseded,
    coalesce(results.lines_refused, laps.lines_refused, standings.lines_refused, 0) as lines_refused,
    coalesce(results.lines_withheld, standings.lines_withheld, 0) as lines_withheld,
    coalesce(
        sessions.lines_set_aside,
        laps.lines_set_aside,
        standings.lines_set_aside,
        indexes.lines_read - indexes.lines_loaded,
        files.kept_lines,
        0
    ) as lines_set_aside
from files
left join sessions on files.file_id = sessions.file_id
left join results on files.file_id = results.file_id
left join laps on files.file_id = laps.file_id
left join standings on files.file_id = standings.file_id
left join indexes on files.file_id = indexes.file_id
