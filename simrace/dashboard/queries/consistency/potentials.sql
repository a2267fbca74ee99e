-- What the best mini-sectors of each driver in a car on a layout sum to.
select
    best.driver_id,
    best.car_id,
    sum(best.time_s) as potential_s,
    min(best.laps) as traced_laps
from (
    select
        sessions.driver_id,
        sessions.car_id,
        min(minisectors.time_s) as time_s,
        count(*) as laps
    from marts.lap_minisectors as minisectors
    inner join marts.fct_laps as laps
        on minisectors.session_id = laps.session_id and minisectors.lap_number = laps.lap_number
    inner join marts.dim_sessions as sessions on minisectors.session_id = sessions.session_id
    where laps.layout_key = %(layout_key)s and laps.is_pace_eligible
    group by sessions.driver_id, sessions.car_id, minisectors.minisector
) as best
group by best.driver_id, best.car_id
order by best.driver_id, best.car_id
