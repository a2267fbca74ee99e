{{ config(materialized='table') }}

-- A driver's form before a race is made of that race and the driver's earlier ones alone. A sum of hashes knows no
-- order, but each race has its number, which is in its hash.
with histories as (
    select
        race_id,
        entrant_id,
        sum(hash_record_extended(driver_races, 0)) over (
            partition by driver_id
            order by driver_start_number
            rows between unbounded preceding and current row
        ) as history_hash
    from {{ ref('int_driver_races_ordered') }} as driver_races
)

select
    race_id,
    md5(string_agg(concat_ws(':', entrant_id, history_hash), ',' order by entrant_id)) as input_hash
from histories
group by race_id
