{# Place of a number in an ascending array: how many of its elements are at or below it. #}
{% macro bucket_of(value, ascending) -%}
    {{ return(adapter.dispatch('bucket_of')(value, ascending)) }}
{%- endmacro %}

{% macro default__bucket_of(value, ascending) -%}
    {{ exceptions.raise_compiler_error('bucket_of is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__bucket_of(value, ascending) -%}
    width_bucket({{ value }}, {{ ascending }})
{%- endmacro %}
