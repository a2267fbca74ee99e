-- Do laps with more full throttle and less coasting come out faster?
-- One row per pace lap, the fastest of its layout first: behind_best_percent beside how it was driven. Coasting that
-- grows as laps get slower is time in which neither pedal did anything; more steering work is no fault, fast laps have
-- it too.
with laps as (
    select * from {{ ref('fct_laps') }}
    where is_pace_eligible
),

driving as (
    select * from {{ ref('lap_driving_metrics') }}
),

lap_references as (
    select * from {{ ref('lap_references') }}
    where reference_kind = 'class_best'
),

sessions as (
    select * from {{ ref('dim_sessions') }}
)

select
    sessions.layout_id,
    sessions.driver_id,
    laps.lap_time_s,
    round(100 * lap_references.delta_s / lap_references.reference_lap_time_s, 2) as behind_best_percent,
    round(100 * driving.full_throttle_ratio, 1) as full_throttle_percent,
    round(100 * driving.coasting_ratio, 1) as coasting_percent,
    round(100 * driving.trail_braking_ratio, 1) as trail_braking_percent,
    driving.brake_build_up_s,
    driving.steering_rate_rms_dps,
    driving.gear_changes
from laps
inner join driving on laps.session_id = driving.session_id and laps.lap_number = driving.lap_number
inner join lap_references
    on laps.session_id = lap_references.session_id and laps.lap_number = lap_references.lap_number
inner join sessions on laps.session_id = sessions.session_id
order by sessions.layout_id, behind_best_percent
