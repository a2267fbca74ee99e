{% macro summed_activity() -%}
    {%- set counts = ['sessions', 'session_laps', 'races', 'race_laps', 'race_incidents'] -%}
    {%- for column in ['sessions', 'session_laps', 'session_km', 'session_hours', 'races', 'race_laps', 'race_km', 'race_hours', 'race_incidents'] -%}
    {%- if column in counts -%}
    cast(sum({{ column }}) as integer) as {{ column }}
    {%- else -%}
    {{ published('sum(' ~ column ~ ')') }} as {{ column }}
    {%- endif -%}
    {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
