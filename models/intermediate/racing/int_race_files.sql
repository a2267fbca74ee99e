{{ config(materialized='incremental', incremental_strategy='replace_all', on_schema_change='sync_all_columns') }}

with races as (
    select * from {{ ref('int_races_united') }}
),

-- a file wins a race whole; the time of landing has no say
ranked as (
    select
        *,
        row_number() over (
            partition by race_id
            order by source_rank asc, modified_at desc nulls last, file_id asc
        ) as file_rank
    from races
)

select
    file_id,
    race_id,
    source_format,
    case when file_rank = 1 then 'winner' else 'superseded' end as state,
    source_rank,
    cast(file_rank as integer) as file_rank,
    file_rank = 1 as is_winner,
    modified_at
from ranked
