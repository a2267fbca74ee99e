select
    laps.layout_key,
    max(layouts.track_name) as track_name,
    max(layouts.config_name) as config_name,
    min(sessions.sim) as sim,
    max(sessions.layout_id) as layout_id,
    max(layouts.length_m) as length_m,
    min(sessions.session_started_at) as first_started_at,
    count(*) as laps,
    count(distinct sessions.driver_id) as drivers
from marts.fct_laps as laps
inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
left join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
where laps.is_trace_eligible
group by laps.layout_key
order by laps desc, laps.layout_key asc
