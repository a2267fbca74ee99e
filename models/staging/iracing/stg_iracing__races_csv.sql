with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'iracing_results_csv'
),

header_cells as (
    select * from {{ ref('stg_files__header_cells') }}
    where source_format = 'iracing_results_csv'
),

-- above the table stand one or two pairs of lines, names over values; some files have none
preamble_names as (
    select
        file_id,
        line_number
    from header_cells
    where cell_number = 1 and cell in ('Start Time', 'League Name')
),

preamble as (
    select
        names.file_id,
        {{ short_text("max(case when names.cell = 'Start Time' then facts.cell end)") }} as start_time,
        {{ short_text("max(case when names.cell = 'Track' then facts.cell end)") }} as track,
        {{ short_text("max(case when names.cell = 'Series' then facts.cell end)") }} as series_name,
        {{ short_text("max(case when names.cell = 'Hosted Session Name' then facts.cell end)") }} as event_name,
        max(case when names.cell = 'Season Year' then facts.cell end) as season_year,
        max(case when names.cell = 'Season Quarter' then facts.cell end) as season_quarter,
        max(case when names.cell = 'Strength of Field' then facts.cell end) as strength_of_field,
        {{ short_text("max(case when names.cell = 'League Name' then facts.cell end)") }} as league_name,
        {{ short_text("max(case when names.cell = 'League ID' then facts.cell end)") }} as league_id,
        {{ short_text("max(case when names.cell = 'League Season' then facts.cell end)") }} as league_season_name,
        {{ short_text("max(case when names.cell = 'League Season ID' then facts.cell end)") }} as league_season_id
    from preamble_names
    inner join header_cells as names
        on preamble_names.file_id = names.file_id and preamble_names.line_number = names.line_number
    inner join header_cells as facts
        on names.file_id = facts.file_id
            and names.line_number + 1 = facts.line_number
            and names.cell_number = facts.cell_number
    group by names.file_id
),

-- only official races carry ratings
tables as (
    select
        file_id,
        bool_or(cell = 'Old iRating') as has_ratings
    from header_cells
    where is_name
    group by file_id
),

-- no file says its subsession; any name it was seen under may
named as (
    select
        file_id,
        {{ short_text("min(substring(lower(file_name) from 'eventresult[_-]([0-9]+)'))") }} as subsession_id
    from {{ ref('stg_files__sightings') }}
    group by file_id
),

typed as (
    select
        files.file_id,
        files.source_format,
        named.subsession_id,
        nullif(preamble.league_id, '0') as league_id,
        nullif(preamble.league_season_id, '0') as league_season_id,
        preamble.series_name,
        preamble.league_name,
        preamble.league_season_name,
        preamble.event_name,
        nullif(split_part(preamble.track, ' - ', 1), '') as track_name,
        nullif(substr(preamble.track, length(split_part(preamble.track, ' - ', 1)) + 4), '') as config_name,
        {{ to_int('preamble.season_year') }} as season_year,
        {{ to_int('preamble.season_quarter') }} as season_quarter,
        {{ at_least(to_int('preamble.strength_of_field'), 1) }} as file_strength_of_field,
        coalesce(tables.has_ratings, false) as is_official,
        {{ to_timestamp_at('preamble.start_time') }} as started_at,
        files.modified_at,
        preamble.start_time,
        preamble.track
    from files
    left join preamble on files.file_id = preamble.file_id
    left join tables on files.file_id = tables.file_id
    left join named on files.file_id = named.file_id
),

keyed as (
    select
        *,
        coalesce(
            subsession_id,
            'csv-' || md5(
                case
                    when coalesce(start_time, track, league_name, series_name, event_name) is null then file_id
                    else
                        coalesce(
                            to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), start_time, ''
                        ) || '|' || coalesce(track, '')
                        || '|' || coalesce(league_name, series_name, '')
                        || '|' || coalesce(event_name, '')
                end
            )
        ) as race_key
    from typed
)

select
    file_id,
    source_format,
    'iracing:' || race_key || ':0' as race_id,
    'iracing' as sim,
    race_key as subsession_id,
    cast(null as text) as iracing_session_id,
    cast(null as text) as series_id,
    cast(null as text) as season_id,
    league_id,
    league_season_id,
    {{ layout_id('iracing', 'track_name', 'config_name') }} as layout_id,
    cast(null as text) as track_id,
    cast(null as text) as license_category_id,
    series_name,
    cast(null as text) as season_name,
    league_name,
    league_season_name,
    {{ pseudonym('event_name', 'Event') }} as event_name,
    cast(null as text) as simsession_name,
    track_name,
    config_name,
    cast(null as text) as license_category,
    0 as simsession_number,
    season_year,
    season_quarter,
    file_strength_of_field,
    cast(null as integer) as corners_per_lap,
    cast(null as integer) as cautions,
    cast(null as integer) as caution_laps,
    cast(null as integer) as lead_changes,
    is_official,
    cast(null as boolean) as is_wet,
    started_at,
    cast(null as timestamptz) as ended_at,
    modified_at
from keyed
