-- Who improved the most?
-- iRating and safety rating from before the first race to after the last, in each licence category, of drivers with
-- three races or more. Gains per race tell a quick learner from somebody who races often.
with ratings as (
    select
        *,
        first_value(irating_before) over career as irating_at_first,
        first_value(safety_rating_before) over career as safety_rating_at_first
    from {{ ref('rating_history') }}
    where irating_before is not null and irating_after is not null
    window career as (partition by driver_id, license_category_id order by driver_race_number)
),

latest as (
    select
        *,
        count(*) over (partition by driver_id, license_category_id) as races,
        row_number() over (
            partition by driver_id, license_category_id
            order by driver_race_number desc
        ) as races_ago
    from ratings
),

drivers as (
    select * from {{ ref('dim_drivers') }}
)

select
    drivers.driver_name,
    latest.license_category_id,
    latest.races,
    latest.irating_at_first,
    latest.irating_after as irating_now,
    latest.irating_after - latest.irating_at_first as irating_gained,
    round(cast(latest.irating_after - latest.irating_at_first as numeric) / latest.races, 1) as gained_per_race,
    latest.safety_rating_after - latest.safety_rating_at_first as safety_rating_gained
from latest
inner join drivers on latest.driver_id = drivers.driver_id
where latest.races_ago = 1 and latest.races >= 3
order by irating_gained desc
