with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'results'
),

csv_lines as (
    select
        file_id,
        count(*) as lines_read
    from {{ ref('stg_files__result_lines') }}
    group by file_id
),

results as (
    select
        results.file_id,
        count(*) as results_read,
        count(results.refused_reason) as results_refused,
        count(case when race_files.is_winner and results.refused_reason is null then 1 end) as results_loaded,
        count(case when race_files.state = 'withheld' and results.refused_reason is null then 1 end) as results_withheld
    from {{ ref('int_race_results_united') }} as results
    inner join {{ ref('int_race_files') }} as race_files
        on results.file_id = race_files.file_id and results.race_id = race_files.race_id
    group by results.file_id
)

select
    files.file_id,
    -- a line of a table is a result; a document has no lines to count
    coalesce(csv_lines.lines_read, results.results_read, 0) as lines_read,
    coalesce(results.results_loaded, 0) as lines_loaded,
    coalesce(
        results.results_read - results.results_refused - results.results_loaded - results.results_withheld, 0
    ) as lines_superseded,
    coalesce(results.results_refused, 0) as lines_refused,
    coalesce(results.results_withheld, 0) as lines_withheld
from files
left join csv_lines on files.file_id = csv_lines.file_id
left join results on files.file_id = results.file_id
