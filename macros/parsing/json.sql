{% macro json_text(object, key) -%}
    {{ blank_to_null(short_text(object ~ " ->> '" ~ key ~ "'")) }}
{%- endmacro %}


{% macro json_int(object, key, minimum=none, maximum=999999) -%}
    {%- set number = to_int(json_text(object, key)) -%}
    {%- if minimum is none -%} {{ number }}
    {%- else -%} {{ at_least(number, minimum, maximum) }}
    {%- endif -%}
{%- endmacro %}


{% macro at_least(number, minimum, maximum=999999) -%}
    nullif(
        nullif(greatest(least({{ number }}, {{ maximum + 1 }}), {{ minimum - 1 }}), {{ minimum - 1 }}), {{ maximum + 1 }}
    )
{%- endmacro %}


{% macro json_rows(array) -%}
    jsonb_array_elements(case when jsonb_typeof({{ array }}) = 'array' then {{ array }} end)
{%- endmacro %}


{% macro json_members(object) -%}
    jsonb_each(case when jsonb_typeof({{ object }}) = 'object' then {{ object }} end)
{%- endmacro %}


{% macro to_boolean(text) -%}
    case lower(trim({{ text }}))
        when 'true' then true
        when '1' then true
        when 'false' then false
        when '0' then false
    end
{%- endmacro %}


{% macro json_ms(object, key, minimum=1) -%}
    cast(round({{ json_int(object, key, minimum, 999999999) }} / 10.0) as integer)
{%- endmacro %}


{% macro json_length(array) -%}
    case when jsonb_typeof({{ array }}) = 'array' then jsonb_array_length({{ array }}) end
{%- endmacro %}
