{% macro to_float(text) -%}
    case
        when {{ is_real(text) }}
            then
                {% set number = as_double(text) -%}
                {%- set no_numbers = ["cast('nan' as " ~ type_double() ~ ")", "cast('infinity' as " ~ type_double() ~ ")"] -%}
                nullif(nullif(nullif({{ number }}, {{ no_numbers[0] }}), {{ no_numbers[1] }}), -{{ no_numbers[1] }})
    end
{%- endmacro %}


{% macro to_int(text) -%}
    case when trim({{ text }}) ~ '^[+-]?[0-9]{1,9}([.]0*)?$' then cast(cast(trim({{ text }}) as numeric(18, 6)) as integer) end
{%- endmacro %}


{% macro to_bigint(text) -%}
    case when trim({{ text }}) ~ '^[+-]?[0-9]{1,18}([.]0*)?$' then cast(split_part(trim({{ text }}), '.', 1) as bigint) end
{%- endmacro %}
