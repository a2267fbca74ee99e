{#
    Replaces dbt's `rename_relation`.
    Why: dbt builds a table beside the old one, swaps the names and drops the old one with `cascade`. A view stays with the table
    it was made on, whatever its name, so every view that is not part of the build would go, and dbt would say PASS.
    Here, once the new table has the name, the views move over to it.
    Remove when: dbt swaps tables without dropping what stands on them.
#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- call statement('lock_views') -%} do $lock$ begin {{ lock_views_on(from_relation) }} end $lock$; {%- endcall -%}
    {{ dbt.default__rename_relation(from_relation, to_relation) }}
    {%- if from_relation.identifier == make_intermediate_relation(to_relation).identifier -%}
        {%- do move_views(make_backup_relation(to_relation, 'table'), to_relation) -%}
    {%- endif -%}
{%- endmacro %}
