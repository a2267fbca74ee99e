with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format in ('aim_xrk', 'aim_csv')
),

formats as (
    select * from {{ ref('stg_files__formats') }}
),

documents as (
    select
        documents.*,
        files.source_format
    from {{ ref('stg_files__file_documents') }} as documents
    inner join files on documents.file_id = files.file_id
),

channels as (
    select channels.*
    from {{ ref('stg_files__channels') }} as channels
    inner join files on channels.file_id = files.file_id
),

told as (
    select
        file_id,
        source_format,
        {{ json_text('content', 'Driver') }} as driver_name,
        {{ json_text('content', 'Vehicle') }} as car_name,
        {{ json_text('content', 'Venue') }} as track_name,
        {{ json_text('content', 'Session') }} as session_type,
        coalesce({{ json_text('content', 'Logger Model') }}, {{ json_text('content', 'Device Name') }}) as device,
        {{ json_text('content', 'Log Date') }} as date_text,
        {{ json_text('content', 'Log Time') }} as time_text
    from documents
    where document_name = 'metadata'
    union all
    select
        file_id,
        source_format,
        {{ json_text("content -> 'told'", 'driver') }} as driver_name,
        {{ json_text("content -> 'told'", 'car') }} as car_name,
        {{ json_text("content -> 'told'", 'track') }} as track_name,
        null as session_type,
        null as device,
        {{ json_text("content -> 'told'", 'date') }} as date_text,
        {{ json_text("content -> 'told'", 'time') }} as time_text
    from documents
    where document_name = 'text_log'
),

log_ends as (
    select
        file_id,
        max(sample_count / sample_rate_hz) as sampled_s
    from channels
    group by file_id
),

-- RaceStudio writes where laps end as markers
laps as (
    select
        documents.file_id,
        {{ to_float(json_text('listed.lap', 'start_time')) }} / 1000 as start_s,
        {{ to_float(json_text('listed.lap', 'end_time')) }} / 1000 as end_s
    from documents
    cross join lateral {{ json_rows('documents.content') }} as listed (lap)
    where documents.document_name = 'laps'
    union all
    select
        documents.file_id,
        lag({{ to_float('listed.marker') }}, 1, 0) over (
            partition by documents.file_id order by listed.marker_number
        ) as start_s,
        {{ to_float('listed.marker') }} as end_s
    from documents
    cross join
        lateral regexp_split_to_table(
            trim(regexp_replace(documents.content -> 'told' ->> 'beacons', '[^0-9.]+', ' ', 'g')), ' '
        ) with ordinality as listed (marker, marker_number)
    where documents.document_name = 'text_log'
),

-- RaceStudio may round up to whole seconds
rounded as (
    select
        file_id,
        count(*) as lap_count,
        string_agg(cast(ceil(end_s) as {{ dbt.type_string() }}), ' ' order by end_s) as lap_ends
    from laps
    where end_s between 0.001 and 1e6
    group by file_id
),

-- One end alone, of a log without a whole lap, two logs of a day may share. What the logger itself measured first they
-- do not. RaceStudio computes what GPS says and changes units, and has these as they are.
measured as (
    select
        channels.file_id,
        string_agg(
            cast(round(cast(({{ block_numbers('blocks') }})[1] as numeric), 2) as {{ dbt.type_string() }}),
            ' ' order by channels.channel_name
        ) as first_values
    from channels
    inner join rounded on channels.file_id = rounded.file_id and rounded.lap_count = 1
    inner join {{ ref('stg_files__channel_blocks') }} as blocks
        on
            channels.file_id = blocks.file_id
            and channels.channel_number = blocks.channel_number
            and blocks.block_number = 1
    where
        channels.channel_name in ('External Voltage', 'InlineAcc', 'LateralAcc', 'LoggerTemp', 'VerticalAcc')
        and ({{ block_numbers('blocks') }})[1] <> cast('nan' as double precision)
    group by channels.file_id
    having count(*) >= 3
),

-- The logger ends the last lap where it stops to log, which is no line, and begins the first where it starts. The last
-- marker of RaceStudio is the end of what it wrote.
crossings as (
    select
        file_id,
        start_s as marked_s
    from laps
    where start_s > 0
    union
    select
        laps.file_id,
        laps.end_s as marked_s
    from laps
    inner join files on laps.file_id = files.file_id
    inner join log_ends on laps.file_id = log_ends.file_id
    where
        files.source_format = 'aim_xrk'
        and laps.end_s > 0
        and laps.end_s < log_ends.sampled_s - {{ var('lap_flicker_s') }}
),

marked as (
    select
        file_id,
        string_agg(cast(marked_s as {{ dbt.type_string() }}), ' ' order by marked_s) as beacon_markers
    from crossings
    group by file_id
),

dated as (
    select
        told.*,
        {{ to_date('told.date_text', 'formats.date_order') }} as log_date,
        {{ to_time('told.time_text') }} as log_time
    from told
    inner join formats on told.source_format = formats.source_format
)

select
    dated.file_id,
    -- RaceStudio writes another time of day, and a place where the log has none; where laps end is the same in both
    case
        when dated.log_date is not null and (rounded.lap_count > 1 or measured.first_values is not null)
            then {{ log_key(
                "'aim_csv'", "''", 'dated.car_name', 'dated.driver_name', 'cast(dated.log_date as text)',
                'rounded.lap_ends', 'measured.first_values'
            ) }}
    end as log_key,
    dated.driver_name,
    dated.car_name,
    -- a log without a venue is exported with the place where it began
    case when dated.track_name !~ '^[0-9.]+°[NS], [0-9.]+°[EW]$' then dated.track_name end as track_name,
    dated.session_type,
    dated.device,
    marked.beacon_markers,
    cast(dated.log_date + dated.log_time as timestamp) at time zone '{{ var("local_timezone") }}' as logged_at
from dated
left join rounded on dated.file_id = rounded.file_id
left join measured on dated.file_id = measured.file_id
left join marked on dated.file_id = marked.file_id
