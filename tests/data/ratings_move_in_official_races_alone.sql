-- What a file says against itself is a suspicion; many such lines are our misreading.
{{ config(severity='warn', warn_if='>20') }}

select
    results.race_id,
    results.entrant_id
from {{ ref('fct_race_results') }} as results
inner join {{ ref('dim_races') }} as races on results.race_id = races.race_id
where not races.is_official and results.irating_change <> 0
