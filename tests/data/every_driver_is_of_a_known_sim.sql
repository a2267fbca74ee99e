-- Drivers of a sim that neither a format nor a writer of logs has.
with sims as (
    select sim from {{ ref('stg_files__formats') }}
    union
    select sim from {{ ref('log_writers') }}
)

select drivers.driver_id
from {{ ref('dim_drivers') }} as drivers
left join sims on drivers.sim = sims.sim
where sims.sim is null
