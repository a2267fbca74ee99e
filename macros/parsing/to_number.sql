{#
    Garbage is null, never an error: the text is asked before it is cast. Also null: nan, infinity and hexadecimal, which PostgreSQL
    takes for numbers, and what a real cannot hold, so that no sum or product of it is more than a double holds.
#}
{% macro to_float(text) -%}
    {{ return(adapter.dispatch('to_float')(text)) }}
{%- endmacro %}

{% macro default__to_float(text) -%}
    {{ exceptions.raise_compiler_error('to_float is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__to_float(text) -%}
    case
        when pg_input_is_valid({{ text }}, 'real') and strpos({{ text }}, 'x') = 0 and strpos({{ text }}, 'X') = 0
            then nullif(nullif(nullif(cast({{ text }} as double precision), 'nan'), 'infinity'), '-infinity')
    end
{%- endmacro %}


{% macro to_int(text) -%}
    {{ return(adapter.dispatch('to_int')(text)) }}
{%- endmacro %}

{% macro default__to_int(text) -%}
    {{ exceptions.raise_compiler_error('to_int is not written for ' ~ target.type) }}
{%- endmacro %}

{# A whole number that fits; '3.0' is 3, '3.5' and '0x1F' are null. #}
{% macro postgres__to_int(text) -%}
    case when trim({{ text }}) ~ '^[+-]?[0-9]{1,9}([.]0*)?$' then cast(cast(trim({{ text }}) as numeric(18, 6)) as integer) end
{%- endmacro %}


{% macro to_bigint(text) -%}
    {{ return(adapter.dispatch('to_bigint')(text)) }}
{%- endmacro %}

{% macro default__to_bigint(text) -%}
    {{ exceptions.raise_compiler_error('to_bigint is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__to_bigint(text) -%}
    case when trim({{ text }}) ~ '^[+-]?[0-9]{1,18}$' then cast(trim({{ text }}) as bigint) end
{%- endmacro %}
