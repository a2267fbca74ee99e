{#
    Replaces dbt's `reset_csv_table`, by which a seed that is there already is emptied or made anew.
    Why: `dbt seed --full-refresh` drops the seed with every view on it, and without that flag a seed that gained a column fails.
    Here a seed is made anew when somebody asks for it or its columns changed, and the views on it move over.
    Remove when: dbt keeps the views, and looks at the columns by itself.
#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- set columns = adapter.get_columns_in_relation(old_relation) | map(attribute='name') | list -%}
    {%- if not full_refresh and columns == agate_table.column_names | list -%}
        {{ return(dbt.default__reset_csv_table(model, full_refresh, old_relation, agate_table)) }}
    {%- endif -%}
    {%- set backup_relation = make_backup_relation(old_relation, 'table') -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
    {%- call statement('lock_views') -%} do $lock$ begin {{ lock_views_on(old_relation) }} end $lock$; {%- endcall -%}
    {%- do adapter.rename_relation(old_relation, backup_relation) -%}
    {%- set create_table = create_csv_table(model, agate_table) -%}
    {%- do move_views(backup_relation, this) -%}
    {%- do adapter.drop_relation(backup_relation) -%}
    {{ return(create_table) }}
{%- endmacro %}
