with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format = 'motec_ld'
),

documents as (
    select documents.*
    from {{ ref('stg_files__file_documents') }} as documents
    inner join files on documents.file_id = files.file_id
),

told as (
    select
        header.file_id,
        {{ json_text('header.content', 'driver') }} as driver_name,
        -- ACC names the car in the vehicle's own part alone
        coalesce({{ json_text('header.content', 'vehicle') }}, {{ json_text('vehicle.content', 'id') }}) as car_name,
        coalesce({{ json_text('header.content', 'venue') }}, {{ json_text('venue.content', 'name') }}) as track_name,
        {{ json_text('header.content', 'device') }} as device,
        coalesce({{ json_text('event.content', 'session') }}, {{ json_text('header.content', 'session') }})
            as session_type,
        {{ to_date(json_text('header.content', 'date'), "'dmy'") }} as log_date,
        {{ to_time(json_text('header.content', 'time')) }} as log_time
    from documents as header
    {% for part in ['event', 'venue', 'vehicle'] -%}
        left join documents as {{ part }}
            on header.file_id = {{ part }}.file_id and {{ part }}.document_name = '{{ part }}'
    {% endfor -%}
    where header.document_name = 'header'
)

select
    told.file_id,
    case
        when coalesce(cast(told.log_date as text), cast(told.log_time as text)) is not null
            then {{ log_key(
                "'motec_i2_csv'", 'told.track_name', 'told.car_name', 'told.driver_name',
                'cast(told.log_date as text)', 'cast(told.log_time as text)', 'told.device'
            ) }}
    end as log_key,
    told.driver_name,
    told.car_name,
    told.track_name,
    told.session_type,
    told.device,
    beacons.beacon_markers,
    cast(told.log_date + told.log_time as timestamp) at time zone '{{ var("local_timezone") }}' as logged_at
from told
left join {{ ref('stg_motec__log_beacons') }} as beacons on told.file_id = beacons.file_id
