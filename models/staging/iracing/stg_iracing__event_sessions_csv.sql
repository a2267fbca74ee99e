-- A table, so that the planner knows how many sessions there are. As a view it was taken for one row, and results were
-- split into cells anew for each session.
{{ config(
    materialized='incremental',
    key='file_id',
    fingerprints='stg_files__result_inputs',
    keeps_retired=false,
    pre_hook="{{ read_due_files(due_files()) }}",
) }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where
        source_format = 'iracing_results_csv'
        and file_id = any(array({{ changed_keys(ref('stg_files__result_inputs'), 'file_id') }}))
),

header_cells as (
    select * from {{ ref('stg_files__header_cells') }}
    where source_format = 'iracing_results_csv'
),

-- one or two pairs of lines precede the table, names above values; some files have none
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

-- Practice, qualifying and race of an event look alike, and no file says which it is. In a race each line has a place
-- on the grid, in the others all have 0; only qualifying has a time in qualifying.
lines as (
    select
        file_id,
        cast(count(*) as integer) as result_lines,
        bool_and(coalesce({{ to_int(cell('Start Pos')) }} = 0, false))
        filter (where cardinality(cells) = cardinality(names)) as is_without_grid,
        bool_or({{ lap_time_to_ms(cell('Qualify Time')) }} is not null) as has_qualifying_times
    from {{ ref('stg_files__result_lines') }}
    where source_format = 'iracing_results_csv'
    group by file_id
),

-- the file does not hold its subsession; any name under which it was seen may
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
        files.text_id,
        named.subsession_id,
        nullif({{ id_text('preamble.league_id') }}, '0') as league_id,
        nullif({{ id_text('preamble.league_season_id') }}, '0') as league_season_id,
        preamble.series_name,
        preamble.league_name,
        preamble.league_season_name,
        preamble.event_name,
        {{ track_of('preamble.track') }} as track_name,
        {{ config_of('preamble.track') }} as config_name,
        {{ to_int('preamble.season_year') }} as season_year,
        {{ to_int('preamble.season_quarter') }} as season_quarter,
        {{ at_least(to_int('preamble.strength_of_field'), 1) }} as file_strength_of_field,
        case
            when not coalesce(lines.is_without_grid, false) then 'race'
            when lines.has_qualifying_times then 'qualifying'
            else 'practice'
        end as session_type,
        coalesce(lines.result_lines, 0) as result_lines,
        coalesce(tables.has_ratings, false) as is_official,
        {{ to_timestamp_at('preamble.start_time') }} as started_at,
        files.modified_at,
        preamble.start_time,
        preamble.track
    from files
    left join preamble on files.file_id = preamble.file_id
    left join tables on files.file_id = tables.file_id
    left join lines on files.file_id = lines.file_id
    left join named on files.file_id = named.file_id
),

keyed as (
    select
        *,
        coalesce(
            subsession_id,
            'csv-' || md5(
                case
                    when coalesce(start_time, track, league_name, series_name, event_name) is null
                        then coalesce(text_id, file_id)
                    else
                        coalesce(
                            to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), start_time, ''
                        ) || '|' || coalesce(track, '')
                        || '|' || coalesce(league_name, series_name, '')
                        || '|' || coalesce(event_name, '')
                end
            )
        ) as event_key
    from typed
)

select
    -- ids
    file_id,
    source_format,
    'iracing:' || event_key || ':'
    || case when session_type = 'race' then '0' else session_type end as event_session_id,
    event_key as subsession_id,
    league_id,
    league_season_id,
    {{ layout_id('iracing', 'track_name', 'config_name') }} as layout_id,
    -- strings
    'iracing' as sim,
    session_type,
    series_name,
    league_name,
    league_season_name,
    {{ pseudonym('event_name', 'Event') }} as event_name,
    track_name,
    config_name,
    -- numerics
    case when session_type = 'race' then 0 end as simsession_number,
    season_year,
    season_quarter,
    file_strength_of_field,
    result_lines,
    -- booleans
    session_type = 'race' as is_race,
    is_official,
    -- timestamps
    started_at,
    modified_at
from keyed
