{{ config(materialized='incremental', incremental_strategy='replace_all') }}

{%- set columns = dict(
    race_result_columns(), line_fault='text', unmapped_out_reason='text', is_derived='boolean', is_best_lap_valid='boolean'
) %}
{%- set sources = ['stg_iracing__race_results_json', 'stg_iracing__race_results_csv',
    'stg_iracing__race_results_log', 'stg_acc__race_results', 'stg_raceroom__race_results',
    'stg_rfactor__race_results', 'stg_assetto_corsa__race_results_server',
    'stg_assetto_corsa__race_results_race_out', 'stg_sms__race_results'] %}

with event_sessions as (
    select * from {{ ref('int_event_sessions_united') }}
),

united as (
    {% for source in sources %}
        select
            {{ aligned(columns, source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    event_sessions.event_session_id,
    {% for column in race_result_columns() | reject('equalto', 'event_session_id') -%}
        united.{{ column }},
    {% endfor -%}
    event_sessions.result_kind,
    case
        when united.line_fault is not null then united.line_fault
        when united.entrant_id is null then 'no_entrant'
        -- only a race places everybody
        when united.finish_position is null and event_sessions.is_race then 'no_finish_position'
        -- a driver who changed cars has two lines: the one with laps counts, otherwise the better place
        when
            row_number() over (
                partition by united.file_id, event_sessions.event_session_id, united.entrant_id
                order by
                    united.line_fault is not null,
                    united.finish_position is null,
                    coalesce(united.laps, 0) = 0,
                    united.line_number
            ) > 1
            then 'repeated_entrant'
    end as refused_reason,
    united.unmapped_out_reason,
    united.is_best_lap_valid,
    coalesce(united.is_derived, false) as is_derived
from united
inner join event_sessions
    on united.file_id = event_sessions.file_id and united.event_session_id = event_sessions.file_session_id
