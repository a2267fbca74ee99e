{% macro id_text(text) -%}
    regexp_replace({{ text }}, '^([+-]?[0-9]+)[.]0*$', '\1')
{%- endmacro %}


{% macro json_id(object, key) -%}
    {{ id_text(json_text(object, key)) }}
{%- endmacro %}


{% macro document_id(document) -%}
    'content-' || md5(cast({{ document }} as {{ dbt.type_string() }}))
{%- endmacro %}
