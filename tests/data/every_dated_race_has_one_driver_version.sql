-- Drivers of dated races whose green flag falls in no version of theirs, or in two.
select
    race_results.race_id,
    race_results.entrant_id
from {{ ref('fct_race_results') }} as race_results
inner join {{ ref('dim_races') }} as races on race_results.race_id = races.race_id
left join {{ ref('dim_driver_versions') }} as versions
    on race_results.driver_id = versions.driver_id
        and races.green_flag_at >= versions.valid_from
        and (races.green_flag_at < versions.valid_to or versions.valid_to is null)
where not race_results.is_ai and races.green_flag_at is not null
group by race_results.race_id, race_results.entrant_id
having count(versions.driver_id) <> 1
