with marked as (
    select
        beacon_files.file_id,
        'file' as told_by,
        {{ to_float(json_text('marker', 'time_us')) }} / 1000000 as marked_s
    from {{ ref('stg_motec__beacon_files') }} as beacon_files
    inner join {{ ref('stg_files__file_documents') }} as documents
        on beacon_files.beacons_file_id = documents.file_id and documents.document_name = 'markers'
    cross join lateral {{ json_rows('documents.content') }} as marker
    where beacon_files.is_newest
    union all
    select
        file_id,
        'channel' as told_by,
        marked_s
    from {{ ref('stg_motec__coded_beacons') }}
    where beacon_number in (2, 100)
),

-- what somebody saw and moved in i2 says more than the signal
ranked as (
    select
        *,
        dense_rank() over (partition by file_id order by told_by desc) as told_rank
    from marked
    where marked_s >= 0
)

select
    file_id,
    string_agg(cast(marked_s as {{ dbt.type_string() }}), ' ' order by marked_s) as beacon_markers
from ranked
where told_rank = 1
group by file_id
