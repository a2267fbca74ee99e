-- Other sessions of the same car whose log tells the setup, the newest first.
select
    others.session_id,
    others.session_started_at,
    others.setup_name,
    layouts.track_name,
    layouts.config_name
from marts.dim_sessions as own
inner join marts.dim_sessions as others on own.car_id = others.car_id and own.session_id <> others.session_id
left join marts.dim_track_layouts as layouts on others.layout_id = layouts.layout_id
where
    own.session_id = %(session_id)s
    and others.session_id in (select setups.session_id from marts.session_setups as setups)
order by others.session_started_at desc, others.session_id asc
limit 50
