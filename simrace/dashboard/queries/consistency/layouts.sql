-- Layouts with whole laps, that of whoever has most laps at pace first.
select
    driven.layout_key,
    max(driven.track_name) as track_name,
    max(driven.config_name) as config_name,
    min(driven.sim) as sim,
    min(driven.first_started_at) as first_started_at
from (
    select
        laps.layout_key,
        max(layouts.track_name) as track_name,
        max(layouts.config_name) as config_name,
        min(sessions.sim) as sim,
        min(sessions.session_started_at) as first_started_at,
        count(*) filter (where laps.is_pace_eligible) as pace_laps
    from marts.fct_laps as laps
    inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
    left join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
    where laps.layout_key is not null and laps.lap_time_s is not null
    group by laps.layout_key, sessions.driver_id, sessions.car_id
) as driven
group by driven.layout_key
order by max(driven.pace_laps) desc, sum(driven.pace_laps) desc, driven.layout_key asc
