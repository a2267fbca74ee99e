-- Samples are counted once, when their session is built; the rest is small enough to be counted every time.
with samples as (
    select
        'fct_telemetry_samples' as mart,
        coalesce(sum(case when lines_repeated is not null then lines_loaded end), 0) as rows_held,
        coalesce(sum(lines_repeated), 0) as rows_repeated
    from {{ ref('int_telemetry_file_line_counts') }}
)

select
    mart,
    cast(rows_held as bigint) as rows_held,
    cast(rows_repeated as bigint) as rows_repeated
from samples
{% set keys = {
    'fct_laps': 'session_id, lap_number',
    'fct_stints': 'session_id, stint_number',
    'fct_race_results': 'race_id, entrant_id',
    'fct_race_team_results': 'race_id, entrant_id',
    'fct_qualifying_results': 'event_session_id, entrant_id',
    'fct_practice_results': 'event_session_id, entrant_id',
    'fct_race_laps': 'race_id, entry_id, lap_number',
} %}
{% for mart, key in keys.items() %}
    union all
    select
        '{{ mart }}' as mart,
        count(*) as rows_held,
        count(*) - count(distinct row({{ key }})) as rows_repeated
    from {{ ref(mart) }}
{% endfor %}
