with files as (
    select
        files.file_id,
        formats.sim as format_sim
    from {{ ref('stg_files__files') }} as files
    inner join {{ ref('stg_files__formats') }} as formats on files.source_format = formats.source_format
    where files.format_family = 'telemetry'
),

devices as (
    select
        file_id,
        device
    from {{ ref('stg_telemetry__preamble_sessions') }}
    union all
    select
        file_id,
        device
    from {{ ref('stg_motec__log_sessions') }}
    union all
    select
        file_id,
        device
    from {{ ref('stg_telemetry__text_log_sessions') }}
),

channels as (
    select
        file_id,
        cell as channel
    from {{ ref('stg_files__header_cells') }}
    where is_name
    union all
    select
        file_id,
        trim(channel_name) as channel
    from {{ ref('stg_files__channels') }}
),

writers as (
    select
        format_sim,
        writer,
        sim,
        coalesce({{ blank_to_null('device') }}, '%') as device,
        string_to_array(coalesce({{ blank_to_null('channels') }}, ''), ';') as channels
    from {{ ref('log_writers') }}
),

found as (
    select
        channels.file_id,
        writers.format_sim,
        writers.writer,
        count(distinct channels.channel) as channels_found
    from writers
    cross join lateral unnest(writers.channels) as needed (channel)
    inner join channels on needed.channel = channels.channel
    group by channels.file_id, writers.format_sim, writers.writer
),

ranked as (
    select
        files.file_id,
        writers.writer,
        writers.sim,
        row_number() over (
            partition by files.file_id order by cardinality(writers.channels) desc, writers.writer asc
        ) as writer_rank
    from files
    inner join writers on files.format_sim = writers.format_sim
    left join devices on files.file_id = devices.file_id
    left join found
        on files.file_id = found.file_id
            and writers.format_sim = found.format_sim
            and writers.writer = found.writer
    where
        coalesce(devices.device, '') like writers.device
        and coalesce(found.channels_found, 0) = cardinality(writers.channels)
)

select
    file_id,
    writer,
    sim
from ranked
where writer_rank = 1
