{% macro form_measures() -%}
    {{ return({
        'avg_finish': 'known_finishes',
        'avg_finish_in_class': 'known_finishes_in_class',
        'avg_finish_percent': 'known_finishes_in_class',
        'podium_rate': 'known_finishes_in_class',
        'top5_rate': 'known_finishes_in_class',
        'avg_finish_minus_expected': 'known_expectations',
        'avg_places_gained': 'known_places_gained',
        'did_not_finish_rate': 'known_outcomes',
        'avg_incidents': 'known_incidents',
        'incidents_per_100_corners': 'corners',
        'avg_irating_change': 'known_irating_changes',
        'irating_slope': 'known_iratings',
        'safety_rating_slope': 'known_safety_ratings',
    }) }}
{%- endmacro %}


{% macro form_columns() -%}
    {%- set columns = [] -%}
    {%- for window in var('form_windows') -%}
        {%- set measures = form_measures() -%}
        {%- for name in ['races'] + (measures | list) + (measures.values() | unique | list) -%}
            {%- do columns.append({
                'name': name ~ '_' ~ window, 'measure': name, 'window': window, 'is_count': name not in measures
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro share(condition) -%}
    {{ return('avg(case when ' ~ condition ~ ' then 1.0 when not (' ~ condition ~ ') then 0 end)') }}
{%- endmacro %}


{% macro was_over(past, now) -%}
    {{ past }}.driver_start_number < {{ now }}.driver_start_number
    and (
        {{ past }}.results_known_at <= {{ now }}.green_flag_at
        -- the heats of an event are over before its feature, though the event dates them alike
        or (
            {{ past }}.subsession_id = {{ now }}.subsession_id
            and {{ past }}.simsession_number < {{ now }}.simsession_number
        )
        -- without a date on one side iRacing's running number alone tells which came first
        or (
            ({{ past }}.results_known_at is null or {{ now }}.green_flag_at is null)
            and {{ past }}.subsession_number < {{ now }}.subsession_number
        )
    )
{%- endmacro %}
