-- How much do we drive, month by month?
-- Races and telemetry sessions of all drivers. Hours and kilometres of races come from the results, those of sessions
-- from telemetry, so a race that was also logged is in both.
with activity as (
    select * from {{ ref('activity_monthly') }}
)

select
    month_date,
    count(distinct driver_id) as drivers,
    sum(races) as races_of_drivers,
    round(sum(race_hours), 1) as race_hours,
    round(sum(race_km), 0) as race_km,
    sum(sessions) as sessions,
    round(sum(session_hours), 1) as session_hours,
    round(sum(session_km), 0) as session_km
from activity
group by month_date
order by month_date
