with laps as (
    select * from {{ ref('fct_laps') }}
    where is_pace_eligible
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where driver_id is not null and car_id is not null and layout_id is not null
),

cars as (
    select * from {{ ref('dim_cars') }}
),

driven as (
    select
        sessions.driver_id,
        sessions.layout_id,
        sessions.car_id,
        {{ car_class_key('sessions.sim', 'cars.car_class_name', 'sessions.car_id') }} as car_class_key,
        laps.session_id,
        laps.lap_number,
        laps.lap_time_s,
        laps.session_started_at
    from laps
    inner join sessions on laps.session_id = sessions.session_id
    left join cars on sessions.car_id = cars.car_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by driver_id, layout_id, car_id
            order by lap_time_s, session_started_at, session_id, lap_number
        ) as best_rank
    from driven
),

summed as (
    select
        driven.driver_id,
        driven.layout_id,
        driven.car_id,
        count(*) as pace_laps,
        count(distinct driven.session_id) as sessions,
        min(consistency.theoretical_best_s) as theoretical_best_s,
        min(consistency.best_rolling_lap_s) as best_rolling_lap_s,
        min(driven.session_started_at) as first_driven_at,
        max(driven.session_started_at) as last_driven_at
    from driven
    inner join {{ ref('session_consistency') }} as consistency on driven.session_id = consistency.session_id
    group by driven.driver_id, driven.layout_id, driven.car_id
),

class_bests as (
    select
        layout_id,
        car_class_key,
        min(lap_time_s) as lap_time_s
    from driven
    group by layout_id, car_class_key
)

select
    ranked.driver_id,
    ranked.layout_id,
    ranked.car_id,
    ranked.session_id as best_session_id,
    ranked.lap_number as best_lap_number,
    ranked.lap_time_s as best_lap_time_s,
    cast(summed.theoretical_best_s as numeric(10, 3)) as theoretical_best_s,
    cast(summed.best_rolling_lap_s as numeric(10, 3)) as best_rolling_lap_s,
    cast(class_bests.lap_time_s as numeric(10, 3)) as class_best_lap_time_s,
    cast(ranked.lap_time_s - class_bests.lap_time_s as numeric(10, 3)) as gap_to_class_best_s,
    cast(summed.pace_laps as integer) as pace_laps,
    cast(summed.sessions as integer) as sessions,
    ranked.session_started_at as best_driven_at,
    summed.first_driven_at,
    summed.last_driven_at
from ranked
inner join summed
    on ranked.driver_id = summed.driver_id and ranked.layout_id = summed.layout_id and ranked.car_id = summed.car_id
inner join class_bests on ranked.layout_id = class_bests.layout_id and ranked.car_class_key = class_bests.car_class_key
where ranked.best_rank = 1
