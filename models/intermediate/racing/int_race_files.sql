{{ config(materialized='incremental', incremental_strategy='replace_all', on_schema_change='sync_all_columns') }}

with races as (
    select * from {{ ref('int_races_united') }}
),

faults as (
    select
        file_id,
        race_id,
        {{ has_too_many_bad_lines('count(refused_reason)', 'count(*)') }} as is_withheld
    from {{ ref('int_race_results_united') }}
    group by file_id, race_id
),

judged as (
    select
        races.*,
        coalesce(faults.is_withheld, false) as is_withheld
    from races
    left join faults on races.file_id = faults.file_id and races.race_id = faults.race_id
),

-- a file wins a race whole; the time of landing has no say
ranked as (
    select
        *,
        row_number() over (
            partition by race_id
            order by is_withheld asc, source_rank asc, modified_at desc nulls last, file_id asc
        ) as file_rank
    from judged
)

select
    file_id,
    race_id,
    source_format,
    case when is_withheld then 'withheld' when file_rank = 1 then 'winner' else 'superseded' end as state,
    source_rank,
    cast(file_rank as integer) as file_rank,
    file_rank = 1 and not is_withheld as is_winner,
    modified_at
from ranked
