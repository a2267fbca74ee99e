{% macro text_or_null(text) -%}
    {%- set literal = dbt.string_literal(dbt.escape_single_quotes(text | trim)) if text else 'null' -%}
    cast({{ literal }} as {{ dbt.type_string() }})
{%- endmacro %}
