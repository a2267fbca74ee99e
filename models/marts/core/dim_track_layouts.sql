with races as (
    select * from {{ ref('int_races_deduplicated') }}
),

-- one row per appearance of a layout, whatever the source: races first
appearances as (
    select
        layout_id,
        sim,
        track_id,
        coalesce(track_name, 'unknown') as track_name,
        config_name,
        corners_per_lap,
        race_id as tie_breaker,
        coalesce(started_at, ended_at) as appeared_at
    from races
),

ranked as (
    select
        *,
        row_number() over (
            partition by layout_id
            order by track_id is null, corners_per_lap is null, appeared_at desc nulls last, tie_breaker desc
        ) as latest_rank
    from appearances
)

select
    layout_id,
    sim,
    track_id,
    track_name,
    config_name,
    corners_per_lap
from ranked
where latest_rank = 1
