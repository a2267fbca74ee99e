with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'aim_xrk'
),

formats as (
    select * from {{ ref('stg_files__formats') }}
    where source_format = 'aim_xrk'
),

documents as (
    select documents.*
    from {{ ref('stg_files__file_documents') }} as documents
    inner join files on documents.file_id = files.file_id
),

log_ends as (
    select
        channels.file_id,
        max(channels.sample_count / channels.sample_rate_hz) as sampled_s
    from {{ ref('stg_files__channels') }} as channels
    inner join files on channels.file_id = files.file_id
    group by channels.file_id
),

laps as (
    select
        documents.file_id,
        {{ to_float(json_text('listed.lap', 'start_time')) }} / 1000 as start_s,
        {{ to_float(json_text('listed.lap', 'end_time')) }} / 1000 as end_s
    from documents
    cross join lateral {{ json_rows('documents.content') }} as listed (lap)
    where documents.document_name = 'laps'
),

-- RaceStudio may round up to whole seconds. One end alone, of a log without a whole lap, two logs of a day may share.
rounded as (
    select
        file_id,
        string_agg(cast(ceil(end_s) as {{ dbt.type_string() }}), ' ' order by end_s) as lap_ends
    from laps
    where end_s between 0.001 and 1e6
    group by file_id
    having count(*) > 1
),

-- The logger ends the last lap where it stops to log, which is no line, and begins the first where it starts.
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
    inner join log_ends on laps.file_id = log_ends.file_id
    where laps.end_s > 0 and laps.end_s < log_ends.sampled_s - {{ var('lap_flicker_s') }}
),

marked as (
    select
        file_id,
        string_agg(cast(marked_s as {{ dbt.type_string() }}), ' ' order by marked_s) as beacon_markers
    from crossings
    group by file_id
),

told as (
    select
        metadata.file_id,
        {{ json_text('metadata.content', 'Driver') }} as driver_name,
        {{ json_text('metadata.content', 'Vehicle') }} as car_name,
        {{ json_text('metadata.content', 'Venue') }} as track_name,
        {{ json_text('metadata.content', 'Session') }} as session_type,
        coalesce(
            {{ json_text('metadata.content', 'Logger Model') }}, {{ json_text('metadata.content', 'Device Name') }}
        ) as device,
        {{ to_date(json_text('metadata.content', 'Log Date'), 'formats.date_order') }} as log_date,
        {{ to_time(json_text('metadata.content', 'Log Time')) }} as log_time
    from documents as metadata
    cross join formats
    where metadata.document_name = 'metadata'
)

select
    told.file_id,
    -- RaceStudio writes another time of day, and a place where the log has none; where laps end is the same in both
    case
        when told.log_date is not null and rounded.lap_ends is not null
            then {{ log_key(
                "'aim_csv'", "''", 'told.car_name', 'told.driver_name', 'cast(told.log_date as text)',
                'rounded.lap_ends', "''"
            ) }}
    end as log_key,
    told.driver_name,
    told.car_name,
    told.track_name,
    told.session_type,
    told.device,
    marked.beacon_markers,
    cast(told.log_date + told.log_time as timestamp) at time zone '{{ var("local_timezone") }}' as logged_at
from told
left join rounded on told.file_id = rounded.file_id
left join marked on told.file_id = marked.file_id
