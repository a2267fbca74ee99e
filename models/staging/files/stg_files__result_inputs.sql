{%- set seeds = ['finish_statuses', 'iracing_out_reasons', 'license_categories', 'penalty_kinds', 'penalty_reasons',
    'session_types', 'source_formats'] %}

with files as (
    select * from {{ ref('stg_files__files') }}
    where format_family = 'results' or source_format = 'iracing_ibt'
),

-- a name under which a file was seen can tell when its race was, and which
names as (
    select
        file_id,
        string_agg(distinct file_name, '|' order by file_name) as file_names
    from {{ ref('stg_files__sightings') }}
    group by file_id
),

-- what the tables hold that results are read from: a build of a part may not have come to them yet
parsed as (
    select file_id
    from {{ ref('stg_files__documents_parsed') }}
),

split as (
    select distinct file_id
    from {{ ref('stg_files__header_cells') }}
),

-- what simrace knows of the sims' words, and who is struck from logs
known as (
    select
        md5(concat_ws(
            '|',
            {% for seed in seeds -%}
                (select string_agg(cast(word as text), ';' order by cast(word as text)) from {{ ref(seed) }} as word),
            {% endfor -%}
            (select string_agg(driver_id, ';' order by driver_id) from {{ source('raw', 'struck_drivers') }})
        )) as known_hash
)

select
    files.file_id,
    md5(concat_ws(
        '|',
        files.input_hash,
        files.text_id,
        files.file_name,
        files.modified_at at time zone 'UTC',
        names.file_names,
        known.known_hash,
        parsed.file_id is not null,
        split.file_id is not null
    )) as input_hash
from files
inner join names on files.file_id = names.file_id
left join parsed on files.file_id = parsed.file_id
left join split on files.file_id = split.file_id
cross join known
