{# A member of a JSON object as text, cut as `short_text` does; null where it is missing, null or blank. #}
{% macro json_text(object, key) -%}
    {{ return(adapter.dispatch('json_text')(object, key)) }}
{%- endmacro %}

{% macro default__json_text(object, key) -%}
    {{ exceptions.raise_compiler_error('json_text is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__json_text(object, key) -%}
    {{ blank_to_null(short_text(object ~ " ->> '" ~ key ~ "'")) }}
{%- endmacro %}


{# A whole number in a JSON object; null below a smallest value, so that the sims' -1 and 0 for "none" go, and above a largest. #}
{% macro json_int(object, key, minimum=none, maximum=999999) -%}
    {%- set number = to_int(json_text(object, key)) -%}
    {%- if minimum is none -%} {{ number }}
    {%- else -%} {{ at_least(number, minimum, maximum) }}
    {%- endif -%}
{%- endmacro %}


{#
    The number where it is not below the minimum, else null; null too above what any race has, so that sums and rates of it
    fit their types. Written so that the number is computed once.
#}
{% macro at_least(number, minimum, maximum=999999) -%}
    nullif(
        nullif(greatest(least({{ number }}, {{ maximum + 1 }}), {{ minimum - 1 }}), {{ minimum - 1 }}), {{ maximum + 1 }}
    )
{%- endmacro %}


{# A JSON array as a set of rows (use it in a lateral join); no rows where it is missing or no array. #}
{% macro json_rows(array) -%}
    {{ return(adapter.dispatch('json_rows')(array)) }}
{%- endmacro %}

{% macro default__json_rows(array) -%}
    {{ exceptions.raise_compiler_error('json_rows is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__json_rows(array) -%}
    jsonb_array_elements(case when jsonb_typeof({{ array }}) = 'array' then {{ array }} end)
{%- endmacro %}


{# true, false, 1 and 0 in any case; anything else is null. #}
{% macro to_boolean(text) -%}
    case lower(trim({{ text }}))
        when 'true' then true
        when '1' then true
        when 'false' then false
        when '0' then false
    end
{%- endmacro %}


{# iRacing's ten-thousandths of a second as milliseconds; -1 and 0 are null unless a smaller minimum is given. #}
{% macro json_ms(object, key, minimum=1) -%}
    cast(round({{ json_int(object, key, minimum, 999999999) }} / 10.0) as integer)
{%- endmacro %}
