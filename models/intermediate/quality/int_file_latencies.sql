select
    file_id,
    cast(extract(epoch from landed_at - modified_at) as double precision) as age_at_landing_s,
    cast(extract(epoch from loaded_at - landed_at) as double precision) as load_s,
    loaded_at,
    rank() over (order by loaded_at desc) as load_recency_rank
from {{ ref('stg_files__files') }}
