-- Each mini-sector over the laps at pace of a driver in a car: best, usual, spread, and that of the best lap.
select
    minisectors.minisector,
    min(minisectors.start_m) as start_m,
    max(minisectors.end_m) as end_m,
    count(*) as laps,
    min(minisectors.time_s) as best_s,
    percentile_cont(0.5) within group (order by minisectors.time_s) as median_s,
    percentile_cont(0.75) within group (order by minisectors.time_s)
    - percentile_cont(0.25) within group (order by minisectors.time_s) as middle_half_s,
    max(minisectors.time_s) filter (
        where minisectors.session_id = %(best_session_id)s and minisectors.lap_number = %(best_lap_number)s
    ) as of_best_lap_s
from marts.lap_minisectors as minisectors
inner join marts.fct_laps as laps
    on minisectors.session_id = laps.session_id and minisectors.lap_number = laps.lap_number
inner join marts.dim_sessions as sessions on minisectors.session_id = sessions.session_id
where
    laps.layout_key = %(layout_key)s
    and laps.is_pace_eligible
    and coalesce(sessions.driver_id, '') = %(driver_id)s
    and coalesce(sessions.car_id, '') = %(car_id)s
group by minisectors.minisector
order by minisectors.minisector
