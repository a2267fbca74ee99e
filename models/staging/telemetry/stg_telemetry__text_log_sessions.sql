with files as (
    select * from {{ ref('stg_files__files') }}
    where
        format_family = 'telemetry'
        and header_line is null
        and text_id is not null
        -- what a CSV of AiM says is told where its log is
        and source_format <> 'aim_csv'
),

formats as (
    select * from {{ ref('stg_files__formats') }}
),

documents as (
    select
        documents.file_id,
        documents.content,
        documents.content -> 'told' as told
    from {{ ref('stg_files__file_documents') }} as documents
    inner join files on documents.file_id = files.file_id
    where documents.document_name = 'text_log'
),

-- a VBOX gives two points of each line, longitude first, in minutes, west positive
start_lines as (
    select distinct on (file_id)
        file_id,
        concat_ws(' ', lat_deg, lon_deg, to_lat_deg, to_lon_deg) as start_line_deg
    from (
        select
            documents.file_id,
            lines.place,
            -{{ to_float("lines.line ->> 1") }} / 60 as lon_deg,
            {{ to_float("lines.line ->> 2") }} / 60 as lat_deg,
            -{{ to_float("lines.line ->> 3") }} / 60 as to_lon_deg,
            {{ to_float("lines.line ->> 4") }} / 60 as to_lat_deg
        from documents
        cross join
            lateral
            {{ json_rows("(documents.content #> '{sections,laptiming}')") }} with ordinality as lines (line, place)
        where lines.line ->> 0 = 'Start'
    ) as ends
    where
        greatest(abs(lat_deg), abs(to_lat_deg)) <= 90
        and greatest(abs(lon_deg), abs(to_lon_deg)) <= 180
        and (lat_deg <> to_lat_deg or lon_deg <> to_lon_deg)
    order by file_id, place
),

told as (
    select
        documents.file_id,
        files.source_format,
        {{ short_text(json_text('documents.told', 'driver')) }} as driver_name,
        {{ short_text(json_text('documents.told', 'car')) }} as car_name,
        {{ short_text(json_text('documents.told', 'track')) }} as track_name,
        {{ short_text(json_text('documents.told', 'session')) }} as session_type,
        {{ short_text(json_text('documents.told', 'device')) }} as device,
        {{ json_text('documents.told', 'date') }} as date_text,
        {{ json_text('documents.told', 'time') }} as time_text,
        documents.told ->> 'beacons' as beacons_text,
        {{ to_date(json_text('documents.told', 'date'), 'formats.date_order') }} as log_date,
        {{ to_time(json_text('documents.told', 'time')) }} as log_time,
        {{ json_text('documents.told', 'moment') }} as moment_text,
        {{ to_timestamp_at(json_text('documents.told', 'moment')) }} as moment,
        -- up to a year that a calendar has
        {% for key in ['started_at', 'started_at_local'] -%}
            {%- set seconds = to_float(json_text('documents.content', key)) -%}
            case when {{ seconds }} between 0 and 4e9 then {{ seconds }} end as {{ key }}_s,
        {% endfor -%}
        {{ to_float(json_text('documents.content', 'first_clock_s')) }} as first_clock_s,
        documents.content ->> 'is_of_session' = 'true' as is_clock_of_session,
        {{ to_float("split_part(replace(" ~ json_text('documents.told', 'rate') ~ ", ',', '.'), ' ', 1)") }} as rate_hz,
        cast({{ lap_time_to_ms(json_text('documents.told', 'lap_time')) }} as double precision) / 1000
            as stated_lap_time_s,
        start_lines.start_line_deg
    from documents
    inner join files on documents.file_id = files.file_id
    inner join formats on files.source_format = formats.source_format
    left join start_lines on documents.file_id = start_lines.file_id
)

select
    file_id,
    -- Exports of parts of a session say the same of it; without a date two sessions may say the same. The date can be
    -- that of the settings, so when the session's clock was 0 tells sessions apart, where the file has that clock. That
    -- moment is enough, unless it is one of those at which the clock of a device that was never set begins.
    case
        when
            (is_clock_of_session and started_at_s > extract(epoch from timestamp '2001-01-01'))
            -- two loggers may begin in one minute
            or (
                coalesce(date_text, moment_text) is not null
                and (coalesce(driver_name, car_name, track_name, device) is not null or is_clock_of_session)
            )
            then {{ log_key(
                'source_format', 'track_name', 'car_name', 'driver_name',
                'coalesce(cast(log_date as text), date_text, moment_text)', 'coalesce(cast(log_time as text), time_text)',
                "concat_ws('|', session_type, case when is_clock_of_session then cast(round(started_at_s) as bigint) end)"
            ) }}
    end as log_key,
    driver_name,
    car_name,
    track_name,
    session_type,
    device,
    nullif(trim(regexp_replace(beacons_text, '[^0-9.]+', ' ', 'g')), '') as beacon_markers,
    start_line_deg,
    case when rate_hz between 0.001 and 1e6 then rate_hz end as sample_rate_hz,
    stated_lap_time_s,
    coalesce(
        to_timestamp(started_at_s),
        -- a clock without a zone is that of the computer which wrote it
        cast(to_timestamp(started_at_local_s) at time zone 'UTC' as timestamp)
        at time zone '{{ var("local_timezone") }}',
        moment,
        -- a clock of UTC that tells no day: that on which it is nearest to when the file was begun
        (
            log_date
            + make_interval(secs => first_clock_s)
            + make_interval(days => cast(round((extract(epoch from log_time) - first_clock_s) / 86400) as integer))
        ) at time zone 'UTC',
        cast(log_date + log_time as timestamp) at time zone '{{ var("local_timezone") }}'
    ) as logged_at
from told
