{% macro session_of_its_kind(session_type, kind_number) -%}
    case
        when {{ session_type }} = 'race' then cast({{ kind_number }} as {{ dbt.type_string() }})
        when {{ kind_number }} = 0 then {{ session_type }}
        else {{ session_type }} || '-' || ({{ kind_number }} + 1)
    end
{%- endmacro %}


{% macro without_number(word) -%}
    lower(regexp_replace({{ word }}, '([^0-9 ]) ?[0-9]+$', '\1'))
{%- endmacro %}
