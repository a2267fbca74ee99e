{% macro views_on(oid) -%}
    with recursive views_on as (
        select ev_class as view
        from pg_depend
        inner join pg_rewrite on classid = cast('pg_rewrite' as regclass) and objid = pg_rewrite.oid
        where refclassid = cast('pg_class' as regclass) and refobjid = {{ oid }} and ev_class <> {{ oid }}
        union
        select ev_class
        from views_on
        inner join pg_depend on refclassid = cast('pg_class' as regclass) and refobjid = view
        inner join pg_rewrite on classid = cast('pg_rewrite' as regclass) and objid = pg_rewrite.oid
        where ev_class <> view
    )
{%- endmacro %}

{% macro lock_views_on(relation) -%}
    perform pg_advisory_xact_lock(hashtext('simrace moves views'))
    where exists ({{ views_on("to_regclass('" ~ relation.render() ~ "')") }} select 1 from views_on);
{%- endmacro %}

{% macro move_views(old_relation, new_relation) -%}
    {%- call statement('move_views') -%} {{ views_moved(old_relation, new_relation) }} {%- endcall -%}
    {%- do adapter.cache_dropped(old_relation) -%}
    {%- do keep_cached(new_relation) -%}
{%- endmacro %}

{% macro views_moved(old_relation, new_relation) -%}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'view' -%}
        {%- if node.unique_id not in selected_resources -%}
            {%- do missing.append("to_regclass('" ~ node.schema ~ "." ~ node.alias ~ "')") -%}
        {%- endif -%}
    {%- endfor -%}
    do $move_views$
    declare
        reader regclass;
        lost text;
        reason text;
        writer name;
    begin
        -- views read with the rights of their owner, who may not read what somebody else has just made
        select rolname into writer
        from pg_class
        inner join pg_roles on relowner = pg_roles.oid
        where
            pg_class.oid = to_regclass('{{ old_relation.render() }}')
            and relowner <> to_regrole(current_user)
            and pg_has_role(current_user, relowner, 'set')
            and has_schema_privilege(relowner, relnamespace, 'create');
        if writer is not null then
            execute format('alter table %s owner to %I', to_regclass('{{ new_relation.render() }}'), writer);
        end if;
        for reader in
            select distinct ev_class
            from pg_depend
            inner join pg_rewrite on classid = cast('pg_rewrite' as regclass) and objid = pg_rewrite.oid
            where
                refclassid = cast('pg_class' as regclass)
                and refobjid = to_regclass('{{ old_relation.render() }}')
                and ev_class <> refobjid
            order by ev_class
        loop
            begin
                execute format(
                    'create or replace view %s as %s',
                    reader,
                    replace(pg_get_viewdef(reader), '{{ old_relation.identifier }}', '{{ new_relation.identifier }}')
                );
            exception when syntax_error_or_access_rule_violation then
                {{ views_on('reader') }}
                select concat_ws(', ', lost, string_agg(cast(cast(view as regclass) as text), ', ')) into lost
                from (select view from views_on union select cast(reader as oid)) as views (view)
                where view = any(array[{{ missing | join(', ') }}]::oid[]);
                reason := coalesce(reason, sqlerrm);
            end;
        end loop;
        if lost <> '' then
            raise '% would be lost: % (%). Build it too: dbt build --select {{ new_relation.identifier }}+',
                lost, '{{ new_relation.identifier }} no longer has what it reads', reason;
        end if;
    end $move_views$;
{%- endmacro %}

{#- dbt counts views as dropped with what they stood on, and would not look for them again. -#}
{% macro keep_cached(new_relation) -%}
    {%- set moved -%}
        {{ views_on("to_regclass('" ~ new_relation.render() ~ "')") }}
        select
            nspname,
            relname
        from views_on
        inner join pg_class on view = pg_class.oid
        inner join pg_namespace on relnamespace = pg_namespace.oid
        where relkind = 'v'
    {%- endset -%}
    {%- for schema, name in run_query(moved).rows -%}
        {%- do adapter.cache_added(api.Relation.create(new_relation.database, schema, name, type='view')) -%}
    {%- endfor -%}
{%- endmacro %}
