{% macro is_blank_line(line) -%}
    (
        btrim(left({{ line }}, 4), chr(13) || ' ,;"' || chr(9)) = ''
        and btrim({{ line }}, chr(13) || ' ,;"' || chr(9)) = ''
    )
{%- endmacro %}
