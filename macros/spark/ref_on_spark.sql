{#-
    What grows is a table of the lake; what does not is a small table of PostgreSQL, of which simrace wrote a copy beside the lake
    (simrace/lake/inputs.py), and of which each run makes a table anew (`open_lake`). In a unit test it is what the test gives.
-#}
{% macro ref_on_spark(relation, name) -%}
    {%- if not execute or relation.is_cte -%} {{ return(relation) }} {%- endif -%}
    {%- set node = (graph.nodes.values() | selectattr('name', 'equalto', name) | list)[0] -%}
    {{ return(relation if is_of_lake(node) else input_of_lake(name)) }}
{%- endmacro %}

{% macro is_of_lake(node) -%}
    {{ return(node.config.meta.get('grows', false) != false) }}
{%- endmacro %}

{#- Of Parquet files, which a catalog of Iceberg does not take. -#}
{% macro input_of_lake(name) -%}
    {{ return(api.Relation.create(schema=schema_of_inputs(), identifier=name)) }}
{%- endmacro %}

{% macro schema_of_inputs() -%}
    {{ return('inputs' if target.type == 'sail' else 'spark_catalog.inputs') }}
{%- endmacro %}
