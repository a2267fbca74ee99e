{{ config(
    materialized='incremental',
    key='file_id',
    fingerprints='stg_files__result_inputs',
    keeps_retired=false,
    pre_hook="{{ read_due_files(due_files()) }}",
) }}

{%- set sources = ['stg_iracing__event_sessions_json', 'stg_iracing__event_sessions_csv', 'stg_acc__event_sessions',
    'stg_raceroom__event_sessions', 'stg_rfactor__event_sessions', 'stg_assetto_corsa__event_sessions_server',
    'stg_assetto_corsa__event_sessions_race_out', 'stg_sms__event_sessions'] %}

with united as (
    {% for source in sources %}
        select
            {{ aligned(dict(event_session_columns(), unmapped_session_type='text'), source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from united
where file_id = any(array({{ changed_keys(ref('stg_files__result_inputs'), 'file_id') }}))
