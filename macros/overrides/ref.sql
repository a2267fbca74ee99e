{#
    Replace dbt's `ref` and `source`.
    Why: for `--empty` dbt writes a subquery with an alias in the place of a relation, and a model that gives it one too is no SQL.
    PostgreSQL 16 wants none. On Spark a small table is the copy of it that is beside the lake.
    Remove when: dbt leaves the alias out where the adapter needs none, or a model's own wins.
#}
{% macro ref() -%}
    {%- set relation = _without_alias(builtins.ref(*varargs, **kwargs)) -%}
    {{ return(relation if target.type == 'postgres' else ref_on_spark(relation, varargs[-1])) }}
{%- endmacro %}

{% macro source() -%}
    {{ return(_without_alias(builtins.source(*varargs, **kwargs))) }}
{%- endmacro %}

{% macro _without_alias(relation) -%}
    {{ return(relation.replace(require_alias=false) if flags.EMPTY else relation) }}
{%- endmacro %}
