{{ config(materialized='incremental', incremental_strategy='replace_all') }}

{%- set sources = ['stg_iracing__event_sessions_json', 'stg_iracing__event_sessions_csv',
    'stg_iracing__event_sessions_log', 'stg_acc__event_sessions', 'stg_raceroom__event_sessions'] %}

with formats as (
    select * from {{ ref('source_formats') }}
),

united as (
    {% for source in sources %}
        select
            {{ aligned(event_session_columns(), source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {% for column in event_session_columns() | reject('equalto', 'license_category_id') -%}
        united.{{ column }},
    {% endfor -%}
    -- races are grouped by category; a race that names none has the category none
    coalesce(united.license_category_id, 'none') as license_category_id,
    -- a log tells the results of its race too, and every file of results tells more of them
    coalesce(case when formats.format_family = 'results' then formats.source_rank end, 1000) as source_rank
from united
left join formats on united.source_format = formats.source_format
