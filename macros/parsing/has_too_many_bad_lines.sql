{% macro has_too_many_bad_lines(refused, read) -%}
    {{ refused }} > {{ var('bad_line_share_limit') }} * {{ read }}
{%- endmacro %}
