with driver_races as (
    select * from {{ ref('int_driver_races_ordered') }}
    where irating_after is not null
),

race_results as (
    select
        race_id,
        entrant_id,
        safety_rating_before
    from {{ ref('int_race_results_as_of_cutoff') }}
),

-- if several races became known at the same moment, the last one gives the rating
latest as (
    select
        *,
        row_number() over (
            partition by driver_id, license_category_id, results_known_at
            order by driver_race_number desc
        ) as latest_rank
    from driver_races
    where results_known_at is not null
),

held as (
    select
        driver_id,
        license_category_id,
        irating_after as irating,
        results_known_at as held_from,
        lead(results_known_at) over (
            partition by driver_id, license_category_id
            order by results_known_at
        ) as held_until
    from latest
    where latest_rank = 1
),

moments as (
    select distinct
        license_category_id,
        results_known_at
    from driver_races
    where results_known_at is not null
),

-- equal ratings share a place, so their order does not matter
standings as (
    select
        moments.license_category_id,
        moments.results_known_at,
        held.driver_id,
        count(*) over (partition by moments.license_category_id, moments.results_known_at) as rated_drivers,
        percent_rank() over (
            partition by moments.license_category_id, moments.results_known_at
            order by held.irating
        ) as share_below
    from moments
    inner join held
        on moments.license_category_id = held.license_category_id
            and moments.results_known_at >= held.held_from
            and (moments.results_known_at < held.held_until or held.held_until is null)
)

select
    driver_races.race_id,
    driver_races.entrant_id,
    driver_races.driver_id,
    driver_races.license_category_id,
    driver_races.driver_race_number,
    driver_races.irating_before,
    driver_races.irating_after,
    driver_races.irating_change,
    max(greatest(driver_races.irating_after, coalesce(driver_races.irating_before, driver_races.irating_after)))
        over driver_order
        as irating_peak,
    {{ published('case when standings.rated_drivers > 1 then 100 * standings.share_below end') }} as irating_percentile,
    cast(standings.rated_drivers as integer) as rated_drivers,
    driver_races.license_class_before,
    driver_races.license_class_after,
    cast(race_results.safety_rating_before as numeric(6, 2)) as safety_rating_before,
    cast(driver_races.safety_rating_after as numeric(6, 2)) as safety_rating_after,
    {{ safety_rating_corrected('race_results.safety_rating_before') }} as safety_rating_corrected_before,
    {{ safety_rating_corrected('driver_races.safety_rating_after') }} as safety_rating_corrected_after,
    -- without a category it is unknown which race came before
    case
        when driver_races.license_category_id <> 'none'
            then driver_races.irating_before = lag(driver_races.irating_after) over driver_order
    end as is_chained,
    driver_races.green_flag_at,
    driver_races.results_known_at
from driver_races
inner join race_results
    on driver_races.race_id = race_results.race_id and driver_races.entrant_id = race_results.entrant_id
left join standings
    on driver_races.driver_id = standings.driver_id
        and driver_races.license_category_id = standings.license_category_id
        and driver_races.results_known_at = standings.results_known_at
window driver_order as (
    partition by driver_races.driver_id, driver_races.license_category_id order by driver_races.driver_race_number
)
