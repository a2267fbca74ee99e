-- What races of the layout were like that were over when the latest one of each licence category started.
select distinct on (difficulty.license_category_id)
    categories.title as category,
    difficulty.races_on_layout,
    difficulty.incidents_per_100_corners,
    difficulty.incidents_per_100_corners_in_category,
    difficulty.did_not_finish_rate,
    difficulty.did_not_finish_rate_in_category,
    difficulty.lap_spread_percent,
    difficulty.lap_spread_percent_in_category
from marts.track_difficulty as difficulty
left join marts.dim_license_categories as categories
    on difficulty.license_category_id = categories.license_category_id
where difficulty.layout_id = %(layout_id)s and difficulty.races_on_layout > 0
order by difficulty.license_category_id asc, difficulty.feature_cutoff_at desc nulls last, difficulty.race_id asc
