{%- set cutoff = results_cutoff() -%}

with races as (
    select
        *,
        {% if cutoff %}
            -- an event gives its heats and its feature the same date, but the heats are over first
            coalesce(results_known_at <= {{ cutoff }} or simsession_number < 0, true) as is_over
        {%- else %}
            true as is_over
        {%- endif %}
    from {{ ref('int_races_deduplicated') }}
)

select
    {%- for column in race_columns() if column not in race_outcome_columns() %}
        {{ column }},
    {%- endfor %}
    {%- for column in race_outcome_columns() %}
        case when is_over then {{ column }} end as {{ column }},
    {%- endfor %}
    entries,
    drivers,
    subsession_number,
    is_team_race,
    is_over,
    green_flag_at,
    results_known_at
from races
{%- if cutoff %}
    where green_flag_at <= {{ cutoff }} or green_flag_at is null
{%- endif %}
