with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'telemetry'
),

formats as (
    select * from {{ ref('stg_files__formats') }}
),

-- most cells of a preamble are empty, up to as many as the file has columns
preamble_cells as (
    select cells.*
    from {{ ref('stg_files__header_cells') }} as cells
    inner join files on cells.file_id = files.file_id and cells.line_number < files.header_line
    where cells.cell is not null
),

-- a key is the first filled cell of a row, and its value follows; MoTeC has a second block of keys in the fifth
entries as (
    select
        file_id,
        cell as entry_key,
        case when lead(cell_number) over line = cell_number + 1 then lead(cell) over line end as entry_value,
        row_number() over line = 1 or (source_format = 'motec_i2_csv' and cell_number = 5) as is_key
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
        max(case when entry_key = 'Comment' then entry_value end) as comment,
        -- where Windows writes decimal commas, the preamble has them too
        replace(max(case when entry_key = 'Sample Rate' then entry_value end), ',', '.') as sample_rate_text,
        replace(max(case when entry_key = 'Start Time' then entry_value end), ',', '.') as start_time_text,
        replace(max(case when entry_key = 'Duration' then entry_value end), ',', '.') as duration_text
    from entries
    where is_key
    group by file_id
),

dated as (
    select
        preambles.*,
        files.source_format,
        {{ to_date('preambles.date_text', 'formats.date_order') }} as log_date,
        {{ to_time('preambles.time_text') }} as log_time
    from preambles
    inner join files on preambles.file_id = files.file_id
    inner join formats on files.source_format = formats.source_format
)

select
    file_id,
    case
        when source_format in ('motec_i2_csv', 'iracing_mu_csv') and coalesce(date_text, time_text) is not null
            -- an editor may write the same date in another form
            then {{ log_key(
                'source_format', 'track_name', 'car_name', 'driver_name',
                'coalesce(cast(log_date as text), date_text)', 'coalesce(cast(log_time as text), time_text)',
                "case when source_format = 'motec_i2_csv' then device else session_type end"
            ) }}
    end as log_key,
    case
        when device = 'simrace'
            then
                cast(
                    substring(
                        comment from '^simrace session ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$'
                    ) as uuid
                )
    end as exported_session_id,
    driver_name,
    car_name,
    track_name,
    session_type,
    device,
    lap_range,
    beacon_markers,
    case when {{ to_float('sample_rate_text') }} between 0.001 and 1e6 then {{ to_float('sample_rate_text') }} end
        as sample_rate_hz,
    {{ to_float('start_time_text') }} as start_time_s,
    -- the export of one lap says how long it took
    case when lower(lap_range) like 'lap %' then {{ to_float('duration_text') }} end as stated_lap_time_s,
    cast(log_date + log_time as timestamp) at time zone '{{ var("local_timezone") }}' as logged_at
from dated
