{% macro form_measures() -%}
    {%- set finish_in_class = {'known': 'known_finishes_in_class', 'values': 'finish_position_in_class'} -%}
    {%- set measures = [
        {'name': 'avg_finish', 'known': 'known_finishes', 'values': 'finish_position'},
        dict(finish_in_class, name='avg_finish_in_class'),
        dict(
            finish_in_class,
            name='avg_finish_percent',
            aggregate='avg(100.0 * finish_position_in_class / class_entries)',
        ),
        dict(finish_in_class, name='podium_rate', aggregate=share('finish_position_in_class <= 3')),
        dict(finish_in_class, name='top5_rate', aggregate=share('finish_position_in_class <= 5')),
        {
            'name': 'avg_finish_minus_expected',
            'known': 'known_expectations',
            'values': 'finish_position_in_class - expected_finish_in_class',
        },
        {
            'name': 'avg_places_gained',
            'known': 'known_places_gained',
            'values': 'start_position_in_class - finish_position_in_class',
        },
        {
            'name': 'did_not_finish_rate',
            'known': 'known_outcomes',
            'values': 'did_not_finish',
            'aggregate': share('did_not_finish'),
        },
        {'name': 'avg_incidents', 'known': 'known_incidents', 'values': 'incidents'},
        {
            'name': 'incidents_per_100_corners',
            'known': 'corners',
            'count': 'coalesce(sum(case when incidents is not null then corners end), 0)',
            'aggregate': 'sum(case when corners > 0 then 100.0 * incidents end)'
                ~ ' / nullif(sum(case when incidents is not null then corners end), 0)',
        },
        {
            'name': 'avg_irating_change',
            'known': 'known_irating_changes',
            'values': 'irating_change',
        },
        {
            'name': 'irating_slope',
            'known': 'known_iratings',
            'values': 'irating_after',
            'aggregate': 'regr_slope(irating_after, past_race_number)',
        },
        {
            'name': 'safety_rating_slope',
            'known': 'known_safety_ratings',
            'values': 'safety_rating_corrected',
            'aggregate': 'regr_slope(safety_rating_corrected, past_race_number)',
        },
    ] -%}
    {{ return(measures) }}
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


{% macro form_columns() -%}
    {%- set columns = [] -%}
    {%- for window in var('form_windows') -%}
        {%- do columns.append({'name': 'races_' ~ window, 'is_count': true}) -%}
        {%- for measure in form_measures() -%}
            {%- do columns.append({'name': measure.name ~ '_' ~ window, 'is_count': false}) -%}
        {%- endfor -%}
        {%- for known in form_measures() | map(attribute='known') | unique -%}
            {%- do columns.append({'name': known ~ '_' ~ window, 'is_count': true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
