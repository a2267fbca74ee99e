{#
    Replaces dbt's `get_table_columns_and_constraints`.
    Why: foreign keys are declared in YAML but made at the end of the run (macros/hooks/foreign_keys.sql). Rebuilding a table drops
    its own keys and every key that points to it, and dbt would not say so. They are deferred, so that a dimension can be
    rewritten in one transaction. `to: ref(...)` also makes dbt build the dimension first. `expression: "dimension (column)"` does
    not; it is for tables that the dimension is made from, and such a key is lifted while its table is written.
    Remove when: tables are no longer swapped.
#}
{% macro postgres__get_table_columns_and_constraints() -%}
    (
        {{ (columns_with_constraints() + constraints_of_table()) | join(',\n        ') }}
    )
{%- endmacro %}

{% macro columns_with_constraints() -%}
    {%- set columns = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- set constraints = column.constraints | rejectattr('type', 'equalto', 'foreign_key') | list -%}
        {%- do columns.update({name: dict(column, constraints=constraints)}) -%}
    {%- endfor -%}
    {{ return(adapter.render_raw_columns_constraints(raw_columns=columns)) }}
{%- endmacro %}

{% macro constraints_of_table() -%}
    {%- set constraints = model.constraints | rejectattr('type', 'equalto', 'foreign_key') | list -%}
    {{ return(adapter.render_raw_model_constraints(raw_constraints=constraints)) }}
{%- endmacro %}
