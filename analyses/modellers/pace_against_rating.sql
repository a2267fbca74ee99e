-- How much of a driver's pace does the iRating tell?
-- Best race lap behind the best of the race and class, by bands of 500 rating points. If pace were everything, the gap
-- would fall evenly and spread_percent stay small; where it flattens out, something other than one lap makes the
-- difference in rating.
with results as (
    select
        race_id,
        car_class_id,
        irating_before,
        best_lap_ms,
        min(best_lap_ms) over (partition by race_id, car_class_id) as class_best_lap_ms
    from {{ ref('fct_race_results') }}
    where best_lap_ms is not null and is_starter
)

select
    cast(floor(irating_before / 500.0) * 500 as integer) as irating_from,
    count(*) as results,
    count(distinct race_id) as races,
    round(avg(100.0 * (best_lap_ms - class_best_lap_ms) / class_best_lap_ms), 2) as gap_percent,
    round(stddev_samp(100.0 * (best_lap_ms - class_best_lap_ms) / class_best_lap_ms), 2) as spread_percent
from results
where irating_before is not null
group by floor(irating_before / 500.0)
order by irating_from
