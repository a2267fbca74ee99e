with document_sessions as (
    select * from {{ ref('stg_iracing__document_sessions') }}
),

renamed as (
    select
        -- ids
        file_id,
        source_format,
        event_session_id,
        subsession_id,
        {{ json_id('event', 'session_id') }} as iracing_session_id,
        nullif({{ json_id('event', 'series_id') }}, '0') as series_id,
        nullif({{ json_id('event', 'season_id') }}, '0') as season_id,
        nullif({{ json_id('event', 'league_id') }}, '0') as league_id,
        nullif({{ json_id('event', 'league_season_id') }}, '0') as league_season_id,
        {{ json_id("event -> 'track'", 'track_id') }} as track_id,
        {{ json_id('event', 'license_category_id') }} as license_category_id,
        -- strings
        'iracing' as sim,
        session_type,
        unmapped_session_type,
        {{ json_text('event', 'series_name') }} as series_name,
        {{ json_text('event', 'season_name') }} as season_name,
        {{ json_text('event', 'league_name') }} as league_name,
        {{ json_text('event', 'league_season_name') }} as league_season_name,
        {{ pseudonym(json_text('event', 'session_name'), 'Event') }} as event_name,
        {{ json_text('session', 'simsession_name') }} as simsession_name,
        {{ json_text("event -> 'track'", 'track_name') }} as track_name,
        nullif({{ json_text("event -> 'track'", 'config_name') }}, 'N/A') as config_name,
        {{ json_text('event', 'license_category') }} as license_category,
        -- numerics
        simsession_number,
        {{ json_int('event', 'season_year', 2001) }} as season_year,
        {{ json_int('event', 'season_quarter', 1) }} as season_quarter,
        {{ json_int('event', 'event_strength_of_field', 1) }} as file_strength_of_field,
        {{ json_int('event', 'corners_per_lap', 1) }} as corners_per_lap,
        {{ json_int('event', 'num_cautions', 0) }} as cautions,
        {{ json_int('event', 'num_caution_laps', 0) }} as caution_laps,
        {{ json_int('event', 'num_lead_changes', 0) }} as lead_changes,
        -- a team's drivers are inside its line
        (
            select cast(count(*) + coalesce(sum({{ json_length("results.entry -> 'driver_results'") }}), 0) as integer)
            from {{ json_rows("session -> 'results'") }} as results (entry)
        ) as result_lines,
        -- booleans
        is_race,
        {{ to_boolean(json_text('event', 'official_session')) }} as is_official,
        {{ to_float("coalesce(" ~ json_text("session -> 'weather_result'", 'precip_time_pct') ~ ", "
            ~ json_text("event -> 'weather'", 'precip_time_pct') ~ ")") }} > 0 as is_wet,
        -- timestamps
        {{ to_timestamp_at(json_text('event', 'start_time')) }} as started_at,
        {{ to_timestamp_at(json_text('event', 'end_time')) }} as ended_at,
        modified_at
    from document_sessions
)

select
    *,
    {{ layout_id('iracing', 'track_name', 'config_name') }} as layout_id
from renamed
