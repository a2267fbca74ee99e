select
    fields.race_id,
    fields.sim,
    max(fields.race_entries) as entries,
    max(results.track_name) as track_name,
    max(results.config_name) as config_name,
    max(coalesce(results.league_name, results.event_name, results.series_name)) as event_name,
    max(results.simsession_number) as simsession_number,
    max(coalesce(fields.started_at, fields.ended_at)) as held_at
from marts.fct_race_fields as fields
inner join (
    select distinct
        race_id,
        track_name,
        config_name,
        league_name,
        event_name,
        series_name,
        simsession_number
    from marts.fct_race_results
) as results on fields.race_id = results.race_id
group by fields.race_id, fields.sim
order by held_at desc nulls last, fields.race_id asc
