{#- History, one row a figure and invocation: never made anew, else the past would be lost. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}

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

keys as (
    select
        sum(rows_held) as rows_held,
        sum(rows_repeated) as rows_repeated
    from {{ ref('int_mart_keys_counted') }}
),

waits as (
    select * from {{ ref('int_file_waits') }}
),

-- the run that measures has not ended: it counts in the next
small_runs as (
    select run_s from {{ ref('int_runs_counted') }}
    where
        command = 'run'
        and outcome = 'succeeded'
        and files_landed = 1
        and bytes_landed <= {{ var('kpi_small_file_bytes') }}
        and ended_at >= current_timestamp - interval '{{ var("kpi_window_days") }} days'
),

limits as (
    {% for kpi, bound in var('kpi_limits').items() %}
        select
            '{{ kpi }}' as kpi,
            '{{ bound.unit }}' as unit,
            '{{ bound.comparison }}' as comparison,
            cast({{ 'null' if bound.limit is none else bound.limit }} as numeric(18, 6)) as limit_value,
            {{ 'true' if bound.get('alerts', true) else 'false' }} as is_alert
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

measured as (
    select
        'files_landed' as kpi,
        count(case when state <> 'refused' then 1 end) / nullif(cast(count(*) as double precision), 0) as value
    from files
    union all
    select
        'landed_files_used',
        count(case when state in ('used', 'superseded', 'practice') then 1 end)
        / nullif(cast(count(case when state <> 'refused' then 1 end) as double precision), 0)
    from files
    union all
    select
        'lines_refused',
        sum(lines_refused) / nullif(cast(sum(lines_read) as double precision), 0)
    from files
    union all
    select
        'lines_lost',
        sum(abs(lines_read - lines_loaded - lines_superseded - lines_refused - lines_withheld))
    from files
    union all
    select
        'samples_without_speed',
        without_speed / nullif(cast(loaded as double precision), 0)
    from samples
    union all
    select
        'samples_out_of_range',
        out_of_range / nullif(cast(loaded as double precision), 0)
    from samples
    union all
    select
        'results_without_finish',
        without_finish / nullif(cast(results as double precision), 0)
    from results
    union all
    select
        'ratings_chained',
        whole_links / nullif(cast(links as double precision), 0)
    from ratings
    union all
    select
        'lines_passing_schema',
        (
            select
                (sum(files.lines_read) - sum(files.lines_refused) - coalesce(max(samples.out_of_range), 0))
                / nullif(cast(sum(files.lines_read) as double precision), 0)
            from files
            cross join samples
        )
    union all
    select
        'rows_duplicated',
        rows_repeated / nullif(cast(rows_held as double precision), 0)
    from keys
    union all
    select
        'lateness_p95_s',
        percentile_cont(0.95) within group (order by load_s)
    from waits
    where load_recency_rank = 1
    union all
    select
        'age_at_landing_p95_s',
        percentile_cont(0.95) within group (order by age_at_landing_s)
    from waits
    where load_recency_rank = 1
    union all
    select
        'landing_to_mart_p95_s',
        percentile_cont(0.95) within group (order by run_s)
    from small_runs
)

select
    '{{ invocation_id }}' as invocation_id,
    limits.kpi,
    limits.unit,
    limits.comparison,
    cast(measured.value as numeric(18, 6)) as value,
    limits.limit_value,
    case limits.comparison
        when '>=' then measured.value >= limits.limit_value
        else measured.value <= limits.limit_value
    end as passes,
    limits.is_alert,
    current_timestamp as measured_at
from limits
inner join measured on limits.kpi = measured.kpi
