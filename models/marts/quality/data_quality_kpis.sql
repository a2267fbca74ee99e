{#- A history, one row per figure and invocation. It is never rebuilt, because the past cannot be measured again. -#}
{{ config(keeps_rows=true) }}

with files as (
    select
        count(*) as found,
        count(case when state <> 'refused' then 1 end) as landed,
        -- nothing is wrong with what waits or is kept, or has no result, but nothing was made of it either
        count(case when state not in ('refused', 'waiting', 'kept', 'no_results') then 1 end) as usable,
        count(case when state in ('used', 'superseded') then 1 end) as used,
        sum(lines_read) as lines_read,
        sum(lines_refused) as lines_refused,
        sum(
            abs(lines_read - lines_loaded - lines_superseded - lines_refused - lines_withheld - lines_set_aside)
        ) as lines_lost
    from {{ ref('int_files_with_state') }}
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

-- beacons are both times of a lap, and agree with themselves
laps as (
    select
        count(*) as audited,
        count(case when is_within_one_sample then 1 end) as within_one_sample
    from {{ ref('lap_time_audit') }}
    where lap_time_reported_by <> 'beacons'
),

-- a driver who raced elsewhere in between breaks the chain, so this figure has no limit
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
    from {{ ref('mart_keys_counted') }}
),

latencies as (
    select
        percentile_cont(0.95) within group (order by load_s) as lateness_p95_s,
        percentile_cont(0.95) within group (order by age_at_landing_s) as age_at_landing_p95_s
    from {{ ref('int_file_latencies') }}
    where load_recency_rank = 1
),

-- the run that measures has not ended yet, so the next one counts it
small_runs as (
    select percentile_cont(0.95) within group (order by run_s) as landing_to_mart_p95_s
    from {{ ref('warehouse_runs') }}
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

-- a figure is a part of a whole; what is no share is a part of 1
measured as (
    select
        figures.kpi,
        figures.part / nullif(cast(figures.whole as double precision), 0) as value
    from files
    cross join samples
    cross join laps
    cross join results
    cross join ratings
    cross join keys
    cross join latencies
    cross join small_runs
    cross join lateral (
        values
        ('files_landed', files.landed, files.found),
        ('landed_files_used', files.used, files.usable),
        ('lines_refused', files.lines_refused, files.lines_read),
        ('lines_lost', files.lines_lost, 1),
        ('samples_without_speed', samples.without_speed, samples.loaded),
        ('samples_out_of_range', samples.out_of_range, samples.loaded),
        ('laps_within_one_sample', laps.within_one_sample, laps.audited),
        ('results_without_finish', results.without_finish, results.results),
        ('ratings_chained', ratings.whole_links, ratings.links),
        (
            'lines_passing_schema',
            files.lines_read - files.lines_refused - coalesce(samples.out_of_range, 0),
            files.lines_read
        ),
        ('rows_duplicated', keys.rows_repeated, keys.rows_held),
        ('lateness_p95_s', latencies.lateness_p95_s, 1),
        ('age_at_landing_p95_s', latencies.age_at_landing_p95_s, 1),
        ('landing_to_mart_p95_s', small_runs.landing_to_mart_p95_s, 1)
    ) as figures (kpi, part, whole)
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
