{{ config(materialized='table') }}

with iracing_results as (
    select * from {{ ref('stg_iracing__race_results') }}
),

acc_results as (
    select * from {{ ref('stg_acc__race_results') }}
),

united as (
    select {{ race_result_columns() | join(', ') }}, line_fault
    from iracing_results
    union all
    select {{ race_result_columns() | join(', ') }}, line_fault
    from acc_results
)

select
    {{ race_result_columns() | join(', ') }},
    case
        when line_fault is not null then line_fault
        when entrant_id is null then 'no_entrant'
        when finish_position is null then 'no_finish_position'
        when
            row_number() over (
                partition by file_id, race_id, entrant_id
                order by line_fault is not null, finish_position is null, line_number
            ) > 1
            then 'repeated_entrant'
    end as refused_reason
from united
