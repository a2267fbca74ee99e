{% macro is_blank_line(line) -%}
    (
        trim(left({{ line }}, 4), chr(13) || ' ,;"' || chr(9)) = ''
        and trim({{ line }}, chr(13) || ' ,;"' || chr(9)) = ''
    )
{%- endmacro %}
