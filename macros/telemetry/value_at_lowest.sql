{% macro value_at_lowest(by, wanted) -%}
    (min(array[cast({{ by }} as double precision), cast({{ wanted }} as double precision)]))[2]
{%- endmacro %}
