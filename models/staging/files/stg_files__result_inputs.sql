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
        '|', files.input_hash, files.file_name, files.modified_at, names.file_names, known.known_hash
    )) as input_hash
from files
inner join names on files.file_id = names.file_id
cross join known
