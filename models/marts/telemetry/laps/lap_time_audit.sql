{{ config(materialized='view') }}

with laps as (
    select * from {{ ref('fct_laps') }}
    where reported_lap_time_s is not null
),

sessions as (
    select * from {{ ref('dim_sessions') }}
),

compared as (
    select
        laps.*,
        cast(1 / nullif(sessions.sample_rate_hz, 0) as numeric(10, 3)) as one_sample_s,
        cast(laps.reported_lap_time_s - laps.measured_lap_time_s as numeric(10, 3)) as difference_s,
        laps.reported_lap_time_s / nullif(laps.measured_lap_time_s, 0) - 1 as share
    from laps
    inner join sessions on laps.session_id = sessions.session_id
)

select
    session_id,
    lap_number,
    lap_time_reported_by,
    measured_lap_time_s,
    reported_lap_time_s,
    difference_s,
    cast(least(share, 999) as numeric(8, 5)) as difference_ratio,
    one_sample_s,
    abs(share) <= {{ var('lap_stretch_limit') }} as is_within_limit,
    -- both times and the sample are rounded to milliseconds
    abs(difference_s) <= one_sample_s + 0.001 as is_within_one_sample,
    session_started_at
from compared
