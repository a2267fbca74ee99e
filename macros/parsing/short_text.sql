{# A text that may become part of a key, cut where no name goes on: an index takes rows of at most 2,700 bytes. #}
{% macro short_text(text) -%}
    left({{ text }}, 128)
{%- endmacro %}
