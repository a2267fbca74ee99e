select
    cast(sightings.file_id as {{ dbt.type_string() }}) as file_id,
    cast(sightings.file_path as {{ dbt.type_string() }}) as file_path,
    cast(sightings.file_name as {{ dbt.type_string() }}) as file_name,
    sightings.modified_at,
    min(sightings.seen_at) as first_seen_at,
    max(sightings.seen_at) as last_seen_at
from {{ source('raw', 'file_sightings') }} as sightings
inner join {{ ref('stg_files__loads') }} as loads on sightings._dlt_load_id = loads.load_id
group by sightings.file_id, sightings.file_path, sightings.file_name, sightings.modified_at
