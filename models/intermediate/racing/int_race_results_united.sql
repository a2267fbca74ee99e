{{ config(
    materialized='incremental',
    key='event_session_id',
    fingerprints='int_event_session_inputs',
    pre_hook="{{ read_due_files(due_session_files()) }}",
) }}

{%- set columns = dict(
    race_result_columns(), counted_laps='integer', line_fault='text', unmapped_out_reason='text', is_derived='boolean',
    is_best_lap_valid='boolean'
) %}
{%- set sources = ['stg_iracing__race_results_json', 'stg_iracing__race_results_csv',
    'stg_iracing__race_results_log', 'stg_acc__race_results', 'stg_raceroom__race_results',
    'stg_rfactor__race_results', 'stg_assetto_corsa__race_results_server',
    'stg_assetto_corsa__race_results_race_out', 'stg_sms__race_results'] %}

with event_sessions as (
    select * from {{ ref('int_event_sessions_united') }}
    where event_session_id = any(array({{ changed_keys(ref('int_event_session_inputs'), 'event_session_id') }}))
),

united as (
    {% for source in sources %}
        select
            {{ aligned(columns, source) | indent(12) }}
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- of the winner of a race, and of all where no file says how many laps they drove
compared as (
    select
        united.*,
        event_sessions.event_session_id as known_session_id,
        event_sessions.result_kind,
        event_sessions.is_race,
        min(case when united.finish_position = 1 and event_sessions.is_race then united.counted_laps end)
            over (partition by united.file_id, united.event_session_id) as winner_laps,
        min(case when united.finish_position = 1 and event_sessions.is_race then united.race_time_ms end)
            over (partition by united.file_id, united.event_session_id) as winner_time_ms,
        max(united.counted_laps) over (partition by united.file_id, united.event_session_id) as most_laps
    from united
    inner join event_sessions
        on united.file_id = event_sessions.file_id and united.event_session_id = event_sessions.file_session_id
)

select
    known_session_id as event_session_id,
    {% for column in race_result_columns() | reject('in', ['event_session_id', 'interval_ms', 'laps_down']) -%}
        {{ column }},
    {% endfor -%}
    -- where the sim tells neither: a car of as many laps as the winner is behind in time, any other in laps
    coalesce(
        interval_ms,
        case
            when (counted_laps = winner_laps or most_laps is null) and race_time_ms >= winner_time_ms
                then race_time_ms - winner_time_ms
        end
    ) as interval_ms,
    coalesce(
        laps_down,
        case when winner_laps is not null and counted_laps is not null then greatest(winner_laps - counted_laps, 0) end
    ) as laps_down,
    result_kind,
    case
        when line_fault is not null then line_fault
        when entrant_id is null then 'no_entrant'
        -- only a race places everybody
        when finish_position is null and is_race then 'no_finish_position'
        -- a driver who changed cars has two lines: the one with laps counts, otherwise the better place
        when
            row_number() over (
                partition by file_id, known_session_id, entrant_id
                order by
                    line_fault is not null,
                    finish_position is null,
                    coalesce(laps, 0) = 0,
                    line_number
            ) > 1
            then 'repeated_entrant'
    end as refused_reason,
    unmapped_out_reason,
    is_best_lap_valid,
    coalesce(is_derived, false) as is_derived
from compared
