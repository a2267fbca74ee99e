{% macro let_transformer_read() -%}
    {%- set built = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed']) if execute else [] -%}
    {%- set schemas = built | map(attribute='schema') | unique | sort -%}
    do $$
    declare
        built_in name;
    begin
        if to_regrole('simrace_transformer') = to_regrole(current_user) then
            return;
        end if;
        for built_in in
            select nspname
            from pg_namespace
            where
                nspname in ('{{ schemas | join("', '") }}')
                and to_regrole('simrace_transformer') is not null
                and has_schema_privilege('simrace_transformer', oid, 'create')
        loop
            execute format('alter default privileges in schema %I grant select on tables to simrace_transformer', built_in);
        end loop;
    end $$;
{%- endmacro %}

{% macro keep_rights() -%}
    {%- set built = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed']) if execute else [] -%}
    {%- set schemas = built | map(attribute='schema') | unique | sort -%}
    {%- set marts = generate_schema_name('marts', none) -%}
    do $$
    declare
        relation regclass;
        writer name;
    begin
        for relation, writer in
            select pg_class.oid, writers.rolname
            from pg_class
            inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
            inner join pg_roles as writers
                on writers.rolname
                = case
                    when pg_namespace.nspname in ('{{ schemas | join("', '") }}') then 'simrace_transformer'
                    when pg_namespace.nspname = 'raw' then 'simrace_loader'
                end
            where
                pg_class.relkind in ('r', 'p', 'v', 'm')
                and pg_class.relowner = to_regrole(current_user)
                and pg_class.relowner <> writers.oid
                and pg_has_role(current_user, writers.oid, 'set')
                and has_schema_privilege(writers.oid, pg_namespace.oid, 'create')
        loop
            execute format('alter table %s owner to %I', relation, writer);
        end loop;
        if to_regrole('simrace_reader') is null or to_regnamespace('{{ marts }}') is null then
            return;
        end if;
        if not has_schema_privilege('simrace_reader', '{{ marts }}', 'usage') then
            grant usage on schema {{ marts }} to simrace_reader;
        end if;
        for relation in
            select pg_class.oid
            from pg_class
            where
                pg_class.relkind in ('r', 'p', 'v', 'm')
                and pg_class.relnamespace = to_regnamespace('{{ marts }}')
                and not has_table_privilege('simrace_reader', pg_class.oid, 'select')
        loop
            execute format('grant select on %s to simrace_reader', relation);
        end loop;
    end $$;
{%- endmacro %}
