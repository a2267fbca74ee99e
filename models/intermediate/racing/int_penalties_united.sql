{{ config(materialized='table') }}

{%- set sources = ['stg_acc__penalties', 'stg_rfactor__penalties', 'stg_assetto_corsa__penalties_server'] %}

with event_sessions as (
    select * from {{ ref('int_event_sessions_united') }}
),

united as (
    {% for source in sources %}
        select
            {{ aligned(penalty_columns(), source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    event_sessions.event_session_id,
    {% for column in penalty_columns() | reject('equalto', 'event_session_id') -%}
        united.{{ column }},
    {% endfor -%}
    event_sessions.sim,
    event_sessions.modified_at
from united
inner join event_sessions
    on united.file_id = event_sessions.file_id and united.event_session_id = event_sessions.file_session_id
