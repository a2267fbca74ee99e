select
    races.race_id,
    sessions.sim,
    races.entries,
    coalesce(layouts.track_name, sessions.track_name) as track_name,
    coalesce(layouts.config_name, sessions.config_name) as config_name,
    coalesce(sessions.league_name, sessions.event_name, sessions.series_name) as event_name,
    sessions.simsession_number,
    coalesce(sessions.started_at, sessions.ended_at) as held_at
from marts.dim_races as races
inner join marts.dim_event_sessions as sessions on races.race_id = sessions.event_session_id
left join marts.dim_track_layouts as layouts
    on sessions.layout_id = layouts.layout_id and sessions.track_name is not null
where races.entries > 0
order by held_at desc nulls last, races.race_id asc
