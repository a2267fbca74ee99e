-- A logger may write every log under one name, so a file of beacons is of the log that was written nearest in time.
with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format in ('motec_ld', 'motec_ldx')
),

places as (
    select
        files.file_id,
        files.source_format,
        regexp_replace(sightings.file_path, '[.][Ll][Dd][Xx]?([.]gz)?$', '') as stem,
        sightings.modified_at
    from {{ ref('stg_files__sightings') }} as sightings
    inner join files on sightings.file_id = files.file_id
),

nearest as (
    select
        logs.file_id,
        beacons.file_id as beacons_file_id,
        beacons.modified_at,
        row_number() over (
            partition by beacons.file_id, beacons.stem, beacons.modified_at
            order by
                greatest(logs.modified_at, beacons.modified_at) - least(logs.modified_at, beacons.modified_at) asc,
                logs.modified_at desc,
                logs.file_id asc
        ) as nearness
    from places as beacons
    inner join places as logs on beacons.stem = logs.stem and logs.source_format = 'motec_ld'
    where beacons.source_format = 'motec_ldx'
),

joined as (
    select
        file_id,
        beacons_file_id,
        max(modified_at) as modified_at
    from nearest
    where nearness = 1
    group by file_id, beacons_file_id
)

select
    file_id,
    beacons_file_id,
    -- i2 writes the file anew when somebody moves a beacon
    row_number() over (partition by file_id order by modified_at desc, beacons_file_id asc) = 1 as is_newest
from joined
