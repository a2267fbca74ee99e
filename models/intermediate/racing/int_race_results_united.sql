{{ config(materialized='incremental', incremental_strategy='replace_all') }}

{%- set columns = dict(race_result_columns(), line_fault='text', is_derived='boolean') %}
{%- set sources = ['stg_iracing__race_results_json', 'stg_iracing__race_results_csv',
    'stg_iracing__race_results_log', 'stg_acc__race_results', 'stg_raceroom__race_results'] %}

with united as (
    {% for source in sources %}
        select
            {{ aligned(columns, source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {{ race_result_columns() | join(', ') }},
    case
        when line_fault is not null then line_fault
        when entrant_id is null then 'no_entrant'
        when finish_position is null then 'no_finish_position'
        -- a driver who changed cars has two lines: the one with laps counts, otherwise the better place
        when
            row_number() over (
                partition by file_id, race_id, entrant_id
                order by
                    line_fault is not null, finish_position is null, coalesce(laps, 0) = 0, line_number
            ) > 1
            then 'repeated_entrant'
    end as refused_reason,
    coalesce(is_derived, false) as is_derived
from united
