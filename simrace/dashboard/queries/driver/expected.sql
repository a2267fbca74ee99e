select
    audit.license_category_id,
    audit.expected_finish_in_class,
    audit.finish_position_in_class,
    audit.finish_minus_expected,
    audit.class_entries,
    sessions.track_name,
    sessions.series_name,
    races.green_flag_at
from marts.rating_audit as audit
inner join marts.dim_races as races on audit.race_id = races.race_id
inner join marts.dim_event_sessions as sessions on audit.race_id = sessions.event_session_id
where audit.driver_id = %(driver_id)s and audit.finish_position_in_class is not null
order by races.green_flag_at, audit.race_id
