{#-
    What grows is a table of the lake; what does not is a small table of PostgreSQL, of which simrace wrote a copy beside the lake
    (simrace/lake/inputs.py). A path is a relation to Spark, so nothing has to be registered anywhere. In a unit test it is what
    the test gives.
-#}
{% macro ref_on_spark(relation, name) -%}
    {%- if not execute or relation.is_cte -%} {{ return(relation) }} {%- endif -%}
    {%- set node = (graph.nodes.values() | selectattr('name', 'equalto', name) | list)[0] -%}
    {{ return(relation if is_of_lake(node) else input_of_lake(name)) }}
{%- endmacro %}

{% macro is_of_lake(node) -%}
    {{ return(node.config.meta.get('grows', false) != false) }}
{%- endmacro %}

{% macro input_of_lake(name) -%}
    {{ return(api.Relation.create(
        schema='parquet',
        identifier=env_var('SIMRACE_SPARK_EXCHANGE') ~ '/inputs/' ~ name,
        quote_policy={'identifier': true}
    )) }}
{%- endmacro %}
