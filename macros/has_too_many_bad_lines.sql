{# A file with more bad lines than that tells half of what it should: none of it is published. #}
{% macro has_too_many_bad_lines(refused, read) -%}
    {{ refused }} > {{ var('bad_line_share_limit') }} * {{ read }}
{%- endmacro %}
