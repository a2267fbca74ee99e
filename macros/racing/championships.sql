{#- SQL of a rule's column, of the rows of a championship. -#}
{% macro championship_rule(rule, kind) -%}
    {%- set taken = 'points' if kind == 'points' else to_float('value') if kind == 'number' else 'value' -%}
    max(case when rule = '{{ rule }}' then {{ taken }} end) as {{ rule ~ '_points' if kind == 'points' else rule }}
{%- endmacro %}


{#- Order of two with equal points: places as text of equal length, absences last, so that the joined string sorts like the
    list. -#}
{% macro place_as_text(position) -%}
    lpad(cast(coalesce({{ position }}, 999) as {{ dbt.type_string() }}), 3, '0')
{%- endmacro %}
