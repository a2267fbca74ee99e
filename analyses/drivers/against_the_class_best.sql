-- What does the fastest of the class do differently in each corner?
-- One row per corner of the best lap of a session against the best lap of the class. Negative brakes_later_m: brakes
-- earlier than the best. Time is lost where slower_kph is positive: look there for the brake point first, then for the
-- throttle.
with lap_references as (
    select * from {{ ref('lap_references') }}
),

lap_corners as (
    select * from {{ ref('fct_lap_corners') }}
),

sessions as (
    select * from {{ ref('dim_sessions') }}
)

select
    sessions.driver_id,
    mine.layout_key,
    mine.corner_number,
    mine.time_s - best.time_s as lost_s,
    mine.brake_point_m - best.brake_point_m as brakes_later_m,
    best.min_speed_kph - mine.min_speed_kph as slower_kph,
    mine.throttle_on_m - best.throttle_on_m as throttle_later_m,
    best.exit_speed_kph - mine.exit_speed_kph as exits_slower_kph
from lap_references
inner join sessions on lap_references.session_id = sessions.session_id
inner join lap_corners as mine
    on
        lap_references.session_id = mine.session_id
        and lap_references.lap_number = mine.lap_number
        and lap_references.lap_number = mine.session_best_lap_number
inner join lap_corners as best
    on
        lap_references.reference_session_id = best.session_id
        and lap_references.reference_lap_number = best.lap_number
        and mine.corner_number = best.corner_number
where lap_references.reference_kind = 'class_best' and lap_references.delta_s > 0
order by lost_s desc
