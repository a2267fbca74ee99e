with sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

driven as (
    select
        session_id,
        sum(sample_count) as sample_count,
        count(*) as lap_count,
        count(lap_time_s) as complete_lap_count,
        sum(driven_m) as driven_m
    from {{ ref('fct_laps') }}
    group by session_id
),

pace_laps as (
    select
        session_id,
        lap_number,
        cast(lap_time_s as double precision) as lap_time_s
    from {{ ref('fct_laps') }}
    where is_pace_eligible
),

medians as (
    select
        session_id,
        percentile_cont(0.5) within group (order by lap_time_s) as median_lap_time_s
    from pace_laps
    group by session_id
),

spread as (
    select
        pace_laps.session_id,
        count(*) as pace_laps,
        min(pace_laps.lap_time_s) as best_lap_time_s,
        avg(pace_laps.lap_time_s) as mean_lap_time_s,
        max(medians.median_lap_time_s) as median_lap_time_s,
        stddev_samp(pace_laps.lap_time_s) as deviation_s,
        percentile_cont(0.75) within group (order by pace_laps.lap_time_s)
        - percentile_cont(0.25) within group (order by pace_laps.lap_time_s) as quartile_range_s,
        percentile_cont(0.5) within group (order by abs(pace_laps.lap_time_s - medians.median_lap_time_s))
            as median_absolute_deviation_s
    from pace_laps
    inner join medians on pace_laps.session_id = medians.session_id
    group by pace_laps.session_id
),

minisectors as (
    select
        minisectors.*,
        laps.is_pace_eligible
    from {{ ref('lap_minisectors') }} as minisectors
    inner join {{ ref('fct_laps') }} as laps
        on minisectors.session_id = laps.session_id and minisectors.lap_number = laps.lap_number
),

best_minisectors as (
    select
        session_id,
        minisector,
        min(time_s) as time_s
    from minisectors
    where is_pace_eligible
    group by session_id, minisector
),

-- The best lap may have no trace. A sum over the other laps that is slower than it is not a theoretical best.
theoretical as (
    select
        best_minisectors.session_id,
        sum(best_minisectors.time_s) as theoretical_best_s
    from best_minisectors
    inner join spread on best_minisectors.session_id = spread.session_id
    group by best_minisectors.session_id
    having sum(best_minisectors.time_s) <= max(spread.best_lap_time_s)
),

sectors as (
    select
        session_id,
        min(sector_1_time_s) + min(sector_2_time_s)
        + case when count(sector_3_time_s) > 0 then min(sector_3_time_s) else 0 end as theoretical_best_sectors_s
    from {{ ref('fct_laps') }}
    where is_pace_eligible
    group by session_id
),

-- a lap that starts and ends at any mini-sector, over two consecutive pace laps
rolling as (
    select
        session_id,
        sum(time_s) over a_lap as time_s,
        min(lap_number * {{ var('minisectors') }} + minisector) over a_lap as first_place,
        lap_number * {{ var('minisectors') }} + minisector as last_place
    from minisectors
    where is_pace_eligible
    window
        a_lap as (
            partition by session_id
            order by lap_number, minisector
            rows between {{ var('minisectors') - 1 }} preceding and current row
        )
),

rolled as (
    select
        session_id,
        min(time_s) as best_rolling_lap_s
    from rolling
    where last_place - first_place = {{ var('minisectors') - 1 }}
    group by session_id
)

select
    sessions.session_id,
    cast(driven.sample_count as bigint) as sample_count,
    cast(driven.lap_count as integer) as lap_count,
    cast(driven.complete_lap_count as integer) as complete_lap_count,
    cast(driven.driven_m / 1000 as numeric(12, 3)) as driven_km,
    cast(coalesce(spread.pace_laps, 0) as integer) as pace_laps,
    cast(spread.best_lap_time_s as numeric(10, 3)) as best_lap_time_s,
    {% set enough = 'spread.pace_laps >= ' ~ var('consistency_fewest_laps') -%}
    cast(case when {{ enough }} then spread.median_lap_time_s end as numeric(10, 3)) as median_lap_time_s,
    cast(case when {{ enough }} then spread.mean_lap_time_s end as numeric(10, 3)) as mean_lap_time_s,
    cast(case when {{ enough }} then spread.deviation_s end as numeric(10, 4)) as lap_time_deviation_s,
    cast(case when {{ enough }} then spread.deviation_s / spread.mean_lap_time_s end as numeric(10, 6))
        as lap_time_variation_ratio,
    cast(case when {{ enough }} then spread.quartile_range_s / spread.median_lap_time_s end as numeric(10, 6))
        as quartile_range_ratio,
    cast(case when {{ enough }} then spread.median_absolute_deviation_s end as numeric(10, 4))
        as median_absolute_deviation_s,
    cast(theoretical.theoretical_best_s as numeric(10, 3)) as theoretical_best_s,
    cast(spread.best_lap_time_s - theoretical.theoretical_best_s as numeric(10, 3)) as theoretical_gain_s,
    cast(sectors.theoretical_best_sectors_s as numeric(10, 3)) as theoretical_best_sectors_s,
    cast(rolled.best_rolling_lap_s as numeric(10, 3)) as best_rolling_lap_s,
    sessions.session_started_at
from sessions
left join driven on sessions.session_id = driven.session_id
left join spread on sessions.session_id = spread.session_id
left join theoretical on sessions.session_id = theoretical.session_id
left join sectors on sessions.session_id = sectors.session_id
left join rolled on sessions.session_id = rolled.session_id
