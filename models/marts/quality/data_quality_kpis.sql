with files as (
    select * from {{ ref('int_files_judged') }}
),

samples as (
    select
        sum(lines_loaded) as loaded,
        sum(lines_without_speed) as without_speed,
        sum(lines_out_of_range) as out_of_range
    from {{ ref('int_telemetry_file_lines') }}
),

results as (
    select
        count(*) as results,
        count(case when finish_position is null then 1 end) as without_finish
    from {{ ref('fct_race_results') }}
),

-- whoever raced elsewhere in between breaks the chain: a figure to know, with no limit to pass
ratings as (
    select
        count(is_chained) as links,
        count(case when is_chained then 1 end) as whole_links
    from {{ ref('rating_history') }}
),

measured as (
    select
        'files_landed' as kpi,
        'share' as unit,
        '>=' as comparison,
        0.95 as limit_value,
        count(case when state <> 'refused' then 1 end) / nullif(cast(count(*) as double precision), 0) as value
    from files
    union all
    select
        'landed_files_used',
        'share',
        '>=',
        0.95,
        count(case when state in ('used', 'superseded', 'practice') then 1 end)
        / nullif(cast(count(case when state <> 'refused' then 1 end) as double precision), 0)
    from files
    union all
    select
        'lines_refused',
        'share',
        '<=',
        0.001,
        sum(lines_refused) / nullif(cast(sum(lines_read) as double precision), 0)
    from files
    union all
    select
        'lines_lost',
        'lines',
        '<=',
        0,
        sum(abs(lines_read - lines_loaded - lines_superseded - lines_refused - lines_withheld))
    from files
    union all
    select
        'samples_without_speed',
        'share',
        '<=',
        0.01,
        without_speed / nullif(cast(loaded as double precision), 0)
    from samples
    union all
    select
        'samples_out_of_range',
        'share',
        '<=',
        0.01,
        out_of_range / nullif(cast(loaded as double precision), 0)
    from samples
    union all
    select
        'results_without_finish',
        'share',
        '<=',
        0.01,
        without_finish / nullif(cast(results as double precision), 0)
    from results
    union all
    select
        'ratings_chained',
        'share',
        '>=',
        0,
        whole_links / nullif(cast(links as double precision), 0)
    from ratings
)

select
    kpi,
    unit,
    comparison,
    cast(value as numeric(18, 6)) as value,
    cast(limit_value as numeric(18, 6)) as limit_value,
    case comparison when '>=' then value >= limit_value else value <= limit_value end as passes
from measured
