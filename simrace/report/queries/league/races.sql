-- Races of a round, and who drove the fastest laps in them; the fastest first.
select
    results.race_id,
    races.entries,
    results.driver_id,
    results.best_lap_ms / 1000.0 as best_lap_s
from marts.fct_race_results as results
inner join marts.dim_races as races on results.race_id = races.race_id
where results.race_id = any(%(races)s)
order by results.race_id asc, results.best_lap_ms asc nulls last, results.entrant_id asc
