with files as (
    select * from {{ ref('stg_files__files') }}
    where source_format in ('garage61_csv', 'garage61_tdf')
),

-- of several names the fullest
names as (
    select
        sightings.file_id,
        substring(sightings.file_name from '([0-9A-HJKMNP-TV-Z]{26})(?:-tdf)?[.][A-Za-z]+$') as lap_ulid,
        case
            when sightings.file_name like 'Garage 61 - %' then string_to_array(sightings.file_name, ' - ')
        end as name_parts,
        regexp_replace(
            substring(
                sightings.file_name
                from ' - ([0-9]{1,3}[.][0-5][0-9][.][0-9]{3})(?: - [0-9A-HJKMNP-TV-Z]{26})?[.][A-Za-z]+$'
            ), '[.]', ':'
        ) as lap_time_text,
        row_number() over (
            partition by sightings.file_id
            order by
                case when sightings.file_name ~ '[0-9A-HJKMNP-TV-Z]{26}(-tdf)?[.][A-Za-z]+$' then 0 else 1 end,
                case when sightings.file_name like 'Garage 61 - %' then 0 else 1 end,
                sightings.modified_at,
                sightings.file_name
        ) as name_rank
    from {{ ref('stg_files__sightings') }} as sightings
    inner join files on sightings.file_id = files.file_id
)

select
    file_id,
    -- the lap is the same in either format
    'garage61_csv|' || coalesce(
        lap_ulid,
        case when array_length(name_parts, 1) >= 5 then array_to_string(name_parts[2:], '|') end
    ) as log_key,
    {{ blank_to_null(short_text('name_parts[2]')) }} as driver_name,
    {{ blank_to_null(short_text('name_parts[3]')) }} as car_name,
    -- a track's configuration follows its name; the lap time and the id are the last two parts
    {{ blank_to_null(short_text(
        "array_to_string(name_parts[4:cardinality(name_parts) - case when lap_ulid is null then 1 else 2 end], ' - ')"
    )) }} as track_name,
    cast({{ lap_time_to_ms('lap_time_text') }} as double precision) / 1000 as stated_lap_time_s
from names
where name_rank = 1
