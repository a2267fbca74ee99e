select
    pairs.opponent_id,
    opponents.driver_name as opponent_name,
    pairs.license_category_id,
    pairs.races,
    pairs.races_ahead,
    pairs.races_behind,
    pairs.avg_gap_places,
    pairs.avg_irating_difference,
    pairs.last_race_at
from marts.head_to_head as pairs
left join marts.dim_drivers as opponents on pairs.opponent_id = opponents.driver_id
where pairs.driver_id = %(driver_id)s
order by pairs.races desc, pairs.races_ahead desc, pairs.opponent_id asc, pairs.license_category_id asc
limit 200
