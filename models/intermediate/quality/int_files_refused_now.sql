with refusals as (
    select
        *,
        -- a file that could not be read has no hash, so its path stands for it
        case when file_bytes = 0 then 'path:' || file_path else file_id end as content_key
    from {{ ref('stg_files__rejected_files') }}
),

contents as (
    select * from {{ ref('stg_files__contents') }}
),

sightings as (
    select * from {{ ref('stg_files__sightings') }}
),

-- a later version may read a content that was refused, and a path without bytes may get some later
still_refused as (
    select * from refusals
    where
        not exists (
            select 1 from contents
            where contents.file_id = refusals.file_id
        )
        and not exists (
            select 1 from sightings
            where
                refusals.file_bytes = 0
                and sightings.last_seen_at >= refusals.last_rejected_at
                and (
                    sightings.file_path = refusals.file_path
                    or left(sightings.file_path, length(refusals.file_path) + 1) = refusals.file_path || '/'
                )
        )
)

select
    content_key,
    file_id,
    file_path,
    file_name,
    -- the same row whatever the order in which copies of a content came
    min(file_name) over (partition by content_key) as content_name,
    reason,
    detail,
    file_bytes,
    row_number() over (
        partition by file_id, file_path
        order by last_rejected_at desc, reason asc
    ) as path_rank,
    row_number() over (
        partition by content_key
        order by last_rejected_at desc, file_path asc, reason asc
    ) as content_rank,
    modified_at,
    last_rejected_at as refused_at
from still_refused
