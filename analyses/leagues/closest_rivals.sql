-- Which two drivers meet most often and are the hardest to tell apart?
-- Every pair once, with three races together or more, the most even first: share_ahead near 0.5 and few places between
-- them. A rating difference near 0 with a share far from 0.5 is a driver who beats his rating.
with head_to_head as (
    select * from {{ ref('head_to_head') }}
    where races >= 3 and driver_id < opponent_id
),

drivers as (
    select * from {{ ref('dim_drivers') }}
)

select
    drivers.driver_name,
    opponents.driver_name as opponent_name,
    head_to_head.races,
    head_to_head.races_ahead,
    head_to_head.races_behind,
    round(cast(head_to_head.races_ahead as numeric) / head_to_head.races, 2) as share_ahead,
    head_to_head.avg_gap_places,
    head_to_head.avg_irating_difference
from head_to_head
inner join drivers on head_to_head.driver_id = drivers.driver_id
inner join drivers as opponents on head_to_head.opponent_id = opponents.driver_id
order by abs(2 * head_to_head.races_ahead - head_to_head.races) asc, head_to_head.races desc, drivers.driver_name asc
