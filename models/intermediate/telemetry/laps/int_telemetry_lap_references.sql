{{ config(materialized='table') }}

with laps as (
    select * from {{ ref('int_telemetry_laps_comparable') }}
),

-- if times are equal the earlier lap is the reference, so that the order of landing does not matter
ranked as (
    select
        *,
        row_number() over (
            partition by session_id order by not is_pace_eligible, lap_time_s, lap_number
        ) as session_rank,
        row_number() over (
            partition by layout_key, car_id, driver_id
            order by not is_pace_eligible, lap_time_s, session_started_at, session_id, lap_number
        ) as personal_rank,
        row_number() over (
            partition by layout_key, car_class_key
            order by not is_pace_eligible, lap_time_s, session_started_at, session_id, lap_number
        ) as class_rank
    from laps
)

select
    laps.session_id,
    laps.lap_number,
    'session_best' as reference_kind,
    bests.session_id as reference_session_id,
    bests.lap_number as reference_lap_number,
    bests.lap_time_s as reference_lap_time_s,
    cast(laps.lap_time_s - bests.lap_time_s as numeric(10, 3)) as delta_s
from laps
inner join ranked as bests on laps.session_id = bests.session_id
where bests.session_rank = 1 and bests.is_pace_eligible
union all
select
    laps.session_id,
    laps.lap_number,
    'personal_best' as reference_kind,
    bests.session_id as reference_session_id,
    bests.lap_number as reference_lap_number,
    bests.lap_time_s as reference_lap_time_s,
    cast(laps.lap_time_s - bests.lap_time_s as numeric(10, 3)) as delta_s
from laps
inner join ranked as bests
    on laps.layout_key = bests.layout_key and laps.car_id = bests.car_id and laps.driver_id = bests.driver_id
where bests.personal_rank = 1 and bests.is_pace_eligible
union all
select
    laps.session_id,
    laps.lap_number,
    'class_best' as reference_kind,
    bests.session_id as reference_session_id,
    bests.lap_number as reference_lap_number,
    bests.lap_time_s as reference_lap_time_s,
    cast(laps.lap_time_s - bests.lap_time_s as numeric(10, 3)) as delta_s
from laps
inner join ranked as bests on laps.layout_key = bests.layout_key and laps.car_class_key = bests.car_class_key
where bests.class_rank = 1 and bests.is_pace_eligible
