with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'lmu_duckdb'
),

channels as (
    select channels.*
    from {{ ref('stg_files__channels') }} as channels
    inner join files on channels.file_id = files.file_id
),

metadata as (
    select documents.*
    from {{ ref('stg_files__file_documents') }} as documents
    inner join files on documents.file_id = files.file_id
    where documents.document_name = 'metadata'
),

told as (
    select
        metadata.file_id,
        {{ json_text('metadata.content', 'DriverName') }} as driver_name,
        {{ json_text('metadata.content', 'CarName') }} as car_name,
        {{ json_text('metadata.content', 'TrackName') }} as track,
        nullif({{ json_text('metadata.content', 'TrackLayout') }}, {{ json_text('metadata.content', 'TrackName') }})
            as layout,
        {{ json_text('metadata.content', 'SessionType') }} as session_type,
        {{ json_text('metadata.content', 'Version') }} as version,
        -- 2026-01-27T20_43_54Z
        {{ to_date("split_part(" ~ json_text('metadata.content', 'RecordingTime') ~ ", 'T', 1)", "'ymd'") }}
            as log_date,
        {{ to_time("replace(rtrim(split_part(" ~ json_text('metadata.content', 'RecordingTime')
            ~ ", 'T', 2), 'Z'), '_', ':')") }} as log_time
    from metadata
),

-- what the log's own clock shows at its start; times of events count from there
starts as (
    select
        file_id,
        max({{ to_float(json_text('details', 'start_s')) }}) as start_s
    from channels
    where channel_number = times_channel
    group by file_id
    having
        file_id in (
            select clocks.file_id from channels as clocks
            where clocks.channel_name = 'GPS Time' and clocks.sample_count > 0
        )
),

-- the first row is the state at the start
crossings as (
    select
        laps.file_id,
        string_agg(
            cast(
                round(cast(events.time_s + coalesce(starts.start_s, 0) as numeric), 6) as {{ dbt.type_string() }}
            ),
            ' '
            order by events.time_s
        ) as beacon_markers
    from channels as laps
    inner join {{ ref('stg_files__channel_blocks') }} as blocks
        on laps.file_id = blocks.file_id and laps.times_channel = blocks.channel_number
    left join starts on laps.file_id = starts.file_id
    cross join lateral unnest(blocks.double_values) with ordinality as events (time_s, place)
    where
        laps.channel_name = 'Lap'
        and blocks.first_sample + events.place > 1
        and events.time_s between 0 and 1e6
    group by laps.file_id
)

select
    told.file_id,
    case
        when coalesce(cast(told.log_date as text), cast(told.log_time as text)) is not null
            then {{ log_key(
                "'lmu_duckdb'", "concat_ws(' - ', told.track, told.layout)", 'told.car_name', 'told.driver_name',
                'cast(told.log_date as text)', 'cast(told.log_time as text)', 'told.session_type'
            ) }}
    end as log_key,
    told.driver_name,
    told.car_name,
    nullif(concat_ws(' - ', told.track, told.layout), '') as track_name,
    told.session_type,
    'Version ' || told.version as device,
    crossings.beacon_markers,
    -starts.start_s as start_time_s,
    cast(told.log_date + told.log_time as timestamp) at time zone 'UTC' as logged_at
from told
left join starts on told.file_id = starts.file_id
left join crossings on told.file_id = crossings.file_id
