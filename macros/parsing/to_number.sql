{% macro to_float(text) -%}
    case
        when pg_input_is_valid({{ text }}, 'real') and strpos({{ text }}, 'x') = 0 and strpos({{ text }}, 'X') = 0
            then nullif(nullif(nullif(cast({{ text }} as double precision), 'nan'), 'infinity'), '-infinity')
    end
{%- endmacro %}


{% macro to_int(text) -%}
    case when trim({{ text }}) ~ '^[+-]?[0-9]{1,9}([.]0*)?$' then cast(cast(trim({{ text }}) as numeric(18, 6)) as integer) end
{%- endmacro %}


{% macro to_bigint(text) -%}
    case when trim({{ text }}) ~ '^[+-]?[0-9]{1,18}([.]0*)?$' then cast(split_part(trim({{ text }}), '.', 1) as bigint) end
{%- endmacro %}
