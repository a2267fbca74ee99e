{{ config(materialized='table') }}

with iracing_races as (
    select * from {{ ref('stg_iracing__races') }}
),

acc_races as (
    select * from {{ ref('stg_acc__races') }}
),

united as (
    select {{ race_columns() | join(', ') }}
    from iracing_races
    union all
    select {{ race_columns() | join(', ') }}
    from acc_races
)

select
    {{ race_columns() | join(', ') }},
    case source_format
        {%- for source_format, source_rank in var('source_ranks').items() %}
            when '{{ source_format }}' then {{ source_rank }}
        {%- endfor %}
        else 1000
    end as source_rank
from united
