-- The fastest pace lap of a session through each mini-sector, point by point.
select
    best.minisector,
    best.start_m,
    best.end_m,
    best.time_s,
    best.lap_number,
    traces.distance_m,
    traces.lap_elapsed_s,
    traces.speed_kph,
    traces.throttle_ratio,
    traces.brake_ratio,
    traces.steering_deg,
    traces.gear,
    traces.x_m,
    traces.y_m
from (
    select distinct on (minisectors.minisector)
        minisectors.minisector,
        minisectors.start_m,
        minisectors.end_m,
        minisectors.time_s,
        minisectors.session_id,
        minisectors.lap_number
    from marts.lap_minisectors as minisectors
    inner join marts.fct_laps as laps
        on minisectors.session_id = laps.session_id and minisectors.lap_number = laps.lap_number
    where minisectors.session_id = %(session_id)s and laps.is_pace_eligible and laps.is_trace_eligible
    order by minisectors.minisector, minisectors.time_s, minisectors.lap_number
) as best
inner join marts.fct_lap_traces as traces
    on
        best.session_id = traces.session_id
        and best.lap_number = traces.lap_number
        -- and a point or two beyond its ends, which lie between points
        and traces.distance_m >= best.start_m - 10
        and traces.distance_m <= best.end_m + 10
order by best.minisector, traces.grid_point
