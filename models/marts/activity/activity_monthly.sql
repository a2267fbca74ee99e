with daily as (
    select * from {{ ref('activity_daily') }}
)

select
    driver_id,
    car_id,
    layout_id,
    cast({{ dbt.date_trunc('month', 'activity_date') }} as date) as month_date,
    {{ summed_activity() }}
from daily
group by driver_id, car_id, layout_id, cast({{ dbt.date_trunc('month', 'activity_date') }} as date)
