-- One row per car that has laps; its name is the team's where several drive it.
select
    laps.entry_id,
    min(results.car_class_id) as car_class_id,
    min(results.car_number) as car_number,
    case
        when count(distinct results.driver_name) > 1
            then coalesce(min(results.team_name), string_agg(distinct results.driver_name, ', '))
        else coalesce(min(results.driver_name), min(results.team_name))
    end as driver_name,
    min(results.start_position) as start_position,
    min(results.finish_position) as finish_position,
    max(results.laps_led) as laps_led
from marts.fct_race_laps as laps
inner join marts.fct_race_results as results
    on laps.race_id = results.race_id and laps.entrant_id = results.entrant_id
where laps.race_id = %(race_id)s
group by laps.entry_id
order by min(results.finish_position) asc nulls last, laps.entry_id asc
