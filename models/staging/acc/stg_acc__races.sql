with race_sessions as (
    select * from {{ ref('stg_acc__race_sessions') }}
),

keyed as (
    select
        file_id,
        source_format,
        'acc:' || subsession_id || ':0' as race_id,
        'acc' as sim,
        subsession_id,
        cast(null as text) as iracing_session_id,
        cast(null as text) as series_id,
        cast(null as text) as season_id,
        cast(null as text) as league_id,
        cast(null as text) as league_season_id,
        {{ layout_id('acc', 'track_name', 'cast(null as text)') }} as layout_id,
        cast(null as text) as track_id,
        cast(null as text) as license_category_id,
        cast(null as text) as series_name,
        cast(null as text) as season_name,
        cast(null as text) as league_name,
        cast(null as text) as league_season_name,
        server_name as event_name,
        session_type as simsession_name,
        track_name,
        cast(null as text) as config_name,
        cast(null as text) as license_category,
        0 as simsession_number,
        cast(null as integer) as season_year,
        cast(null as integer) as season_quarter,
        cast(null as integer) as file_strength_of_field,
        cast(null as integer) as corners_per_lap,
        cast(null as integer) as cautions,
        cast(null as integer) as caution_laps,
        cast(null as integer) as lead_changes,
        false as is_official,
        is_wet,
        cast(null as timestamptz) as started_at,
        ended_at,
        modified_at
    from race_sessions
)

select {{ race_columns() | join(', ') }}
from keyed
