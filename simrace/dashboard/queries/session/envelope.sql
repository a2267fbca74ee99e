-- How hard the car was driven in each direction, in steps of 10 degrees over all laps with a trace. The hardest
-- hundredth is left out: a kerb or a bump is no grip.
select
    places.direction,
    percentile_cont(0.99) within group (order by places.combined_g) as combined_g,
    count(*) as points
from (
    select
        mod(cast(floor((degrees(atan2(traces.long_g, traces.lat_g)) + 180) / 10) as integer), 36) as direction,
        sqrt(traces.long_g * traces.long_g + traces.lat_g * traces.lat_g) as combined_g
    from marts.fct_lap_traces as traces
    where traces.session_id = %(session_id)s and traces.long_g is not null and traces.lat_g is not null
) as places
group by places.direction
order by places.direction
