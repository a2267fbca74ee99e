with frames as (
    select * from {{ source('raw', 'live_frames') }}
)

select
    cast(frames.stream as text) as stream,
    frames.batch_number,
    cast(frames.source_format as text) as source_format,
    cast(frames.session_mark as text) as session_mark,
    frames.frames,
    frames.received_at
from frames
where frames.received_at >= current_timestamp - interval '{{ var("live_minutes") }} minutes'
