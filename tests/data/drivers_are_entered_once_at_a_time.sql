-- A driver who is entered twice on one day would be in two teams.
select
    earlier.championship_id,
    earlier.driver_id,
    later.first_date
from {{ ref('championship_entries') }} as earlier
inner join {{ ref('championship_entries') }} as later
    on earlier.championship_id = later.championship_id
        and earlier.driver_id = later.driver_id
        and earlier.first_date < later.first_date
        and coalesce(earlier.last_date >= later.first_date, true)
