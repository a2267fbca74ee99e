{#
    Replace dbt's `ref` and `source`.
    Why: for `--empty` dbt writes a subquery with an alias in the place of a relation, and a model that gives it one too is no SQL.
    PostgreSQL 16 wants none.
    Remove when: dbt leaves the alias out where the adapter needs none, or a model's own wins.
#}
{% macro ref() -%}
    {{ return(_without_alias(builtins.ref(*varargs, **kwargs))) }}
{%- endmacro %}

{% macro source() -%}
    {{ return(_without_alias(builtins.source(*varargs, **kwargs))) }}
{%- endmacro %}

{% macro _without_alias(relation) -%}
    {{ return(relation.replace(require_alias=false) if flags.EMPTY else relation) }}
{%- endmacro %}
