{# Aggregate: the value of `wanted` (a number) where `by` is lowest; of equal ones the lower wanted. #}
{% macro value_at_lowest(by, wanted) -%}
    {{ return(adapter.dispatch('value_at_lowest')(by, wanted)) }}
{%- endmacro %}

{% macro default__value_at_lowest(by, wanted) -%}
    {{ exceptions.raise_compiler_error('value_at_lowest is not written for ' ~ target.type) }}
{%- endmacro %}

{# Arrays compare element by element: one pass, where an ordered array_agg would sort. #}
{% macro postgres__value_at_lowest(by, wanted) -%}
    (min(array[cast({{ by }} as double precision), cast({{ wanted }} as double precision)]))[2]
{%- endmacro %}
