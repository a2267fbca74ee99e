-- What was landed last: sessions and races; of those of one hour the newest first, because a run lands many.
select
    arrived.kind,
    arrived.id,
    arrived.landed_at,
    arrived.driven_at,
    arrived.driver_name,
    arrived.track_name,
    arrived.event_name
from (
    select
        'session' as kind,
        cast(sessions.session_id as text) as id,
        min(files.landed_at) as landed_at,
        min(sessions.session_started_at) as driven_at,
        min(drivers.driver_name) as driver_name,
        min(layouts.track_name) as track_name,
        cast(null as text) as event_name
    from marts.dim_sessions as sessions
    inner join marts.file_quality as files on sessions.session_id = files.session_id
    left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
    left join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
    group by sessions.session_id
    union all
    select
        'race' as kind,
        events.event_session_id as id,
        files.landed_at,
        coalesce(events.started_at, events.ended_at) as driven_at,
        cast(null as text) as driver_name,
        events.track_name,
        coalesce(events.league_name, events.event_name, events.series_name) as event_name
    from marts.dim_event_sessions as events
    inner join marts.dim_races as races on events.event_session_id = races.race_id and races.entries > 0
    inner join marts.file_quality as files on events.file_id = files.file_id
) as arrived
order by date_trunc('hour', arrived.landed_at) desc, arrived.driven_at desc nulls last, arrived.id asc
limit 8
