-- A table, because half a dozen models read it, each of which would read the head of every file again.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_all',
    on_schema_change='sync_all_columns',
    indexes=[{'columns': ['file_id'], 'unique': true}],
) }}

with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'telemetry'
),

formats as (
    select * from {{ ref('source_formats') }}
),

preamble_cells as (
    select cells.*
    from {{ ref('stg_files__header_cells') }} as cells
    inner join files on cells.file_id = files.file_id and cells.line_number < files.header_line
),

-- keys stand in the first filled cell of a row, values behind them; MoTeC has a second block of keys in the fifth
entries as (
    select
        file_id,
        cell as entry_key,
        case when lead(cell_number) over line = cell_number + 1 then lead(cell) over line end as entry_value,
        cell_number = min(case when cell is not null then cell_number end) over (partition by file_id, line_number)
        or (source_format = 'motec_i2_csv' and cell_number = 5) as is_key
    from preamble_cells
    window line as (partition by file_id, line_number order by cell_number)
),

preambles as (
    select
        file_id,
        {{ short_text("max(case when entry_key = 'Driver' then entry_value end)") }} as driver_name,
        {{ short_text("max(case when entry_key = 'Vehicle' then entry_value end)") }} as car_name,
        {{ short_text("max(case when entry_key = 'Venue' then entry_value end)") }} as track_name,
        {{ short_text("max(case when entry_key = 'Device' then entry_value end)") }} as device,
        {{ short_text("max(case when entry_key = 'Session' then entry_value end)") }} as session_type,
        max(case when entry_key in ('Log Date', 'Session Date') then entry_value end) as date_text,
        max(case when entry_key in ('Log Time', 'Session Time') then entry_value end) as time_text,
        max(case when entry_key = 'Range' then entry_value end) as lap_range,
        max(case when entry_key = 'Beacon Markers' then entry_value end) as beacon_markers,
        max(case when entry_key = 'Sample Rate' then entry_value end) as sample_rate_text,
        max(case when entry_key = 'Start Time' then entry_value end) as start_time_text
    from entries
    where is_key and entry_key is not null
    group by file_id
),

-- Garage 61 tells driver, car, track and lap in the file's name alone; of several names the fullest speaks
names as (
    select
        file_id,
        file_name,
        substring(file_name from '([0-9A-HJKMNP-TV-Z]{26})[.][A-Za-z]+$') as lap_ulid,
        case when file_name like 'Garage 61 - %' then string_to_array(file_name, ' - ') end as name_parts,
        row_number() over (
            partition by file_id
            order by
                case when file_name ~ '[0-9A-HJKMNP-TV-Z]{26}[.][A-Za-z]+$' then 0 else 1 end,
                case when file_name like 'Garage 61 - %' then 0 else 1 end,
                modified_at,
                file_name
        ) as name_rank
    from {{ ref('stg_files__sightings') }}
),

described as (
    select
        files.file_id,
        files.source_format,
        formats.sim,
        names.lap_ulid,
        case when files.source_format = 'garage61_csv' then names.name_parts end as name_parts,
        preambles.driver_name,
        preambles.car_name,
        preambles.track_name,
        preambles.device,
        preambles.session_type,
        preambles.date_text,
        preambles.time_text,
        preambles.lap_range,
        preambles.beacon_markers,
        coalesce(
            case
                when {{ to_float('preambles.sample_rate_text') }} between 0.001 and 1e6
                    then {{ to_float('preambles.sample_rate_text') }}
            end,
            formats.default_sample_rate_hz
        ) as sample_rate_hz,
        coalesce({{ to_float('preambles.start_time_text') }}, 0) as start_time_s,
        {{ to_date('preambles.date_text', 'formats.date_order') }} as log_date,
        {{ to_time('preambles.time_text') }} as log_time,
        files.modified_at
    from files
    inner join formats on files.source_format = formats.source_format
    inner join names on files.file_id = names.file_id and names.name_rank = 1
    left join preambles on files.file_id = preambles.file_id
),

identified as (
    select
        *,
        coalesce(driver_name, {{ blank_to_null(short_text('name_parts[2]')) }}) as driver,
        coalesce(car_name, {{ blank_to_null(short_text('name_parts[3]')) }}) as car,
        -- a track's configuration stands behind its name; the lap time and the id are the last two parts
        coalesce(
            track_name,
            {{ blank_to_null(short_text(
                "array_to_string(name_parts[4:cardinality(name_parts) - case when lap_ulid is null then 1 else 2 end], ' - ')"
            )) }}
        ) as track,
        cast(log_date + log_time as timestamp) at time zone '{{ var("local_timezone") }}' as logged_at,
        case
            when source_format = 'garage61_csv' and lap_ulid is not null then lap_ulid
            when source_format = 'garage61_csv' and array_length(name_parts, 1) >= 5
                then array_to_string(name_parts[2:], '|')
            when source_format in ('motec_i2_csv', 'iracing_mu_csv') and coalesce(date_text, time_text) is not null
                then
                    concat_ws(
                        '|',
                        coalesce(track_name, ''),
                        coalesce(car_name, ''),
                        coalesce(driver_name, ''),
                        -- an editor may write the same date another way
                        coalesce(cast(log_date as text), date_text, ''),
                        coalesce(cast(log_time as text), time_text, ''),
                        case
                            when source_format = 'motec_i2_csv' then coalesce(device, '') else
                                coalesce(session_type, '')
                        end
                    )
            else file_id
        end as natural_key
    from described
)

select
    file_id,
    cast({{ md5_of_names("source_format || '|' || natural_key") }} as uuid) as session_id,
    source_format,
    sim,
    driver as driver_name,
    car as car_name,
    track as track_name,
    session_type,
    device,
    lap_range,
    beacon_markers,
    case when logged_at is not null then 'file' else 'file_modified' end as session_started_at_source,
    sample_rate_hz,
    start_time_s,
    coalesce(logged_at, modified_at) as session_started_at,
    modified_at
from identified
