-- How alike are a driver's laps, and how much time is left in them?
-- variation_percent is the spread as a share of the lap time: good drivers stay under 0.5. theoretical_gain_s is what
-- the best lap would gain if all best mini-sectors of the session were put together; a large one asks for a cleaner
-- lap, not a new line.
with consistency as (
    select * from {{ ref('session_consistency') }}
),

sessions as (
    select * from {{ ref('dim_sessions') }}
)

select
    sessions.driver_id,
    sessions.car_id,
    sessions.layout_id,
    consistency.session_started_at,
    consistency.pace_laps,
    consistency.best_lap_time_s,
    consistency.median_lap_time_s,
    round(100 * consistency.lap_time_variation_ratio, 2) as variation_percent,
    consistency.theoretical_best_s,
    consistency.theoretical_gain_s
from consistency
inner join sessions on consistency.session_id = sessions.session_id
where consistency.lap_time_variation_ratio is not null
order by variation_percent
