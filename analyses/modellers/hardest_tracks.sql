-- Which tracks are the hardest?
-- What was known of each layout before its newest race: incident points per 100 corners, share that did not finish,
-- spread of best laps. With few races the mean of the category counts more; relative_to_category over 1 is harder
-- than that mean.
with difficulty as (
    select
        *,
        row_number() over (
            partition by layout_id, license_category_id
            order by feature_cutoff_at desc nulls last, race_id asc
        ) as races_ago
    from {{ ref('track_difficulty') }}
),

layouts as (
    select * from {{ ref('dim_track_layouts') }}
)

select
    layouts.track_name,
    layouts.config_name,
    difficulty.license_category_id,
    difficulty.races_on_layout,
    round(difficulty.incidents_per_100_corners, 3) as incidents_per_100_corners,
    round(difficulty.incidents_relative_to_category, 2) as relative_to_category,
    round(difficulty.did_not_finish_rate, 3) as did_not_finish_rate,
    round(difficulty.lap_spread_percent, 2) as lap_spread_percent
from difficulty
inner join layouts on difficulty.layout_id = layouts.layout_id
where difficulty.races_ago = 1 and difficulty.races_on_layout > 0
order by incidents_per_100_corners desc nulls last
