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


{% macro session_kinds(sessions, number, kind) -%}
    select
        {{ sessions }}.*,
        coalesce(session_types.session_type, 'other') as {{ kind }},
        case
            when session_types.session_type is null
                then nullif(concat_ws(' ', {{ sessions }}.{{ number }}, {{ sessions }}.simsession_name), '')
        end as unmapped_session_type
    from {{ sessions }}
    left join session_types as named
        on {{ sessions }}.{{ number }} || ' ' || lower({{ sessions }}.simsession_name) = named.sim_session_type
    left join session_types
        on coalesce(named.sim_session_type, {{ sessions }}.{{ number }}) = session_types.sim_session_type
{%- endmacro %}
