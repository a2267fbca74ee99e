with race_results as (
    select * from {{ ref('int_race_results_deduplicated') }}
),

races as (
    select
        race_id,
        is_over
    from {{ ref('int_races_as_of_cutoff') }}
)

select
    race_results.race_id,
    {%- for column in race_result_columns()
        if column != 'event_session_id' and column not in race_result_outcome_columns() %}
        race_results.{{ column }},
    {%- endfor %}
    {%- for column in race_result_outcome_columns() + [
        'irating_change', 'is_race_time_implausible', 'is_starter', 'did_not_finish',
    ] %}
        case when races.is_over then race_results.{{ column }} end as {{ column }},
    {%- endfor %}
    race_results.start_position_source,
    race_results.entry_id
from race_results
inner join races on race_results.race_id = races.race_id
