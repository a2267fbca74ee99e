-- Does practice on the layout before a race show in the result?
-- One row per amount of practice: mean finish in the class, places won from the grid and incidents. In a small
-- warehouse few races are behind the first rows; read the number of races before the means.
with practised as (
    select
        *,
        case
            when pace_laps_before = 0 then 'none'
            when pace_laps_before < 10 then '1 to 9 laps'
            else '10 laps or more'
        end as practice
    from {{ ref('driver_pace_and_results') }}
)

select
    practice,
    count(*) as races,
    count(distinct driver_id) as drivers,
    round(avg(finish_position_in_class), 1) as avg_finish_in_class,
    round(avg(start_position_in_class - finish_position_in_class), 2) as avg_places_gained,
    round(avg(incidents), 2) as avg_incidents,
    round(avg(irating_change), 1) as avg_irating_change,
    round(avg(race_to_best_before_s), 3) as avg_race_to_practice_s
from practised
group by practice
order by min(pace_laps_before)
