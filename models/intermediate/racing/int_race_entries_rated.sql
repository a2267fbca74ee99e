{{ config(materialized='table') }}

with race_results as (
    select * from {{ ref('int_race_results_as_of_cutoff') }}
    where not is_team
),

-- a team counts once, with the strength of its drivers
entries as (
    select
        race_id,
        entry_id,
        max(car_class_id) as car_class_id,
        {{ strength_of_field('irating_before') }} as rating
    from race_results
    group by race_id, entry_id
),

weighed as (
    select
        *,
        {{ rating_weight('rating') }} as weight
    from entries
),

-- every entry against every entry of its class, itself included, which adds one half to the sum of win chances
compared as (
    select
        entries.race_id,
        entries.entry_id,
        cast(count(*) as integer) as class_entries,
        cast(count(rivals.rating) as integer) as class_rated_entries,
        cast(count(case when rivals.rating > entries.rating then 1 end) as integer) as stronger_entries,
        sum({{ win_chance('entries.weight', 'rivals.weight') }}) - 0.5 as expected_score,
        {{ strength_of_field('rivals.rating') }} as class_strength_of_field,
        avg(case when rivals.entry_id <> entries.entry_id then rivals.rating end) as opponents_mean,
        max(case when rivals.entry_id <> entries.entry_id then rivals.rating end) as opponents_max,
        min(case when rivals.entry_id <> entries.entry_id then rivals.rating end) as opponents_min,
        stddev_samp(case when rivals.entry_id <> entries.entry_id then rivals.rating end) as opponents_spread
    from weighed as entries
    inner join weighed as rivals
        on entries.race_id = rivals.race_id and entries.car_class_id = rivals.car_class_id
    group by entries.race_id, entries.entry_id
)

select
    weighed.race_id,
    weighed.entry_id,
    weighed.car_class_id,
    {{ published('weighed.rating') }} as entry_irating,
    compared.class_entries,
    compared.class_rated_entries,
    case when weighed.rating is not null then compared.stronger_entries + 1 end as rank_by_irating,
    {{ published('compared.class_rated_entries - compared.expected_score') }} as expected_finish_in_class,
    {{ published('compared.class_strength_of_field') }} as class_strength_of_field,
    {{ published('compared.opponents_mean') }} as opponents_irating_mean,
    {{ published('compared.opponents_max') }} as opponents_irating_max,
    {{ published('compared.opponents_min') }} as opponents_irating_min,
    {{ published('compared.opponents_spread') }} as opponents_irating_spread
from weighed
inner join compared on weighed.race_id = compared.race_id and weighed.entry_id = compared.entry_id
