-- What can be looked for, and the page that shows it; of races and cars those of the newest sessions.
(
    select
        'Driver' as kind,
        drivers.driver_id as id,
        drivers.driver_name as name,
        cast(null as text) as more,
        cast(null as timestamptz) as driven_at
    from marts.dim_drivers as drivers
    where drivers.races > 0
    order by drivers.races desc, drivers.driver_id asc
    limit 2000
)
union all
(
    select
        'Track' as kind,
        sessions.layout_key as id,
        min(layouts.track_name) as name,
        min(layouts.config_name) as more,
        cast(null as timestamptz) as driven_at
    from marts.dim_sessions as sessions
    inner join marts.fct_laps as laps on sessions.session_id = laps.session_id and laps.is_trace_eligible
    inner join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
    group by sessions.layout_key
    order by min(layouts.track_name) asc, sessions.layout_key asc
    limit 2000
)
union all
(
    select
        'Car' as kind,
        split_part(
            string_agg(
                cast(sessions.session_id as text), ' '
                order by sessions.session_started_at desc, sessions.session_id asc
            ),
            ' ', 1
        ) as id,
        min(cars.car_name) as name,
        min(cars.car_class_name) as more,
        max(sessions.session_started_at) as driven_at
    from marts.dim_cars as cars
    inner join marts.dim_sessions as sessions on cars.car_id = sessions.car_id
    group by cars.car_id
    order by max(sessions.session_started_at) desc, cars.car_id asc
    limit 2000
)
union all
(
    select
        'Race' as kind,
        races.race_id as id,
        coalesce(events.league_name, events.event_name, events.series_name) as name,
        events.track_name as more,
        coalesce(events.started_at, events.ended_at) as driven_at
    from marts.dim_races as races
    inner join marts.dim_event_sessions as events on races.race_id = events.event_session_id
    where races.entries > 0
    order by coalesce(events.started_at, events.ended_at) desc nulls last, races.race_id asc
    limit 2000
)
