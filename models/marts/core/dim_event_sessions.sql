with event_sessions as (
    select * from {{ ref('int_event_sessions_deduplicated') }}
)

select
    event_session_id,
    sim,
    subsession_id,
    iracing_session_id,
    series_id,
    season_id,
    league_id,
    league_season_id,
    layout_id,
    license_category_id,
    session_type,
    simsession_name,
    series_name,
    season_name,
    league_name,
    league_season_name,
    event_name,
    track_name,
    config_name,
    license_category,
    simsession_number,
    season_year,
    season_quarter,
    corners_per_lap,
    is_race,
    started_at,
    ended_at,
    source_format,
    file_id
from event_sessions
