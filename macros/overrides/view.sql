{#
    Replaces dbt's materialization `view`.
    Why: dbt renames the old view and drops it with everything that stands on it. Readers would miss views in between, a build of
    one model alone would lose those above it, and two threads that drop at once would wait for each other for ever.
    Here a view is replaced in place. PostgreSQL refuses that where columns went or changed their type: then a new view is
    made beside the old one, and those above it move over.
    Remove when: dbt has `create or replace view` for PostgreSQL (https://github.com/dbt-labs/dbt-adapters/issues/1680).
#}
{% materialization view, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {%- do keep_holding() -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if config.get('contract').enforced -%} {%- do get_assert_columns_equivalent(sql) -%} {%- endif -%}
    {%- set existing_type = existing_relation.type if existing_relation is not none else 'view' -%}
    {%- set backup_relation = make_backup_relation(target_relation, existing_type) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
    {%- if existing_type != 'view' -%}
        {%- call statement('lock_views') -%} do $lock$ begin {{ lock_views_on(existing_relation) }} end $lock$; {%- endcall -%}
        {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
    {%- endif -%}
    {%- set is_described_anew = is_described_otherwise() -%}
    {% call statement('main') -%}
        {{ record_code() }}
        do $in_place$ begin
            create or replace view {{ target_relation }} as (
                {{ sql }}
            );
        exception when invalid_table_definition then
            {{ lock_views_on(target_relation) }}
            alter view {{ target_relation }} rename to {{ backup_relation.identifier }};
            create view {{ target_relation }} as (
                {{ sql }}
            );
        end $in_place$;
    {%- endcall %}
    {%- set is_made_beside = existing_relation is not none
        and run_query("select to_regclass('" ~ backup_relation.render() ~ "')").rows[0][0] is not none -%}
    {%- if is_made_beside -%}
        {%- if existing_type == 'view' -%} {%- do adapter.cache_renamed(existing_relation, backup_relation) -%} {%- endif -%}
        {%- do move_views(backup_relation, target_relation) -%}
        {%- do adapter.drop_relation(backup_relation) -%}
    {%- endif -%}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=True) -%}
    {#- its columns keep their comments where it is replaced in place -#}
    {%- if config.persist_relation_docs() and (is_made_beside or existing_relation is none or is_described_anew) -%}
        {%- call statement('describe') -%} {{ describe(target_relation) }} {%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
