{% macro moved_tables() -%}
    {{ return([
        ['marts', 'fct_telemetry_samples', 'intermediate', 'int_telemetry_samples'],
        ['marts', 'fct_laps', 'intermediate', 'int_telemetry_laps_classified'],
        ['marts', 'fct_lap_traces', 'intermediate', 'int_telemetry_lap_traces'],
        ['marts', 'lap_references', 'intermediate', 'int_telemetry_lap_references'],
        ['intermediate', 'int_telemetry_lines_loaded', 'intermediate', 'int_telemetry_file_line_counts'],
    ]) }}
{%- endmacro %}


{% macro left_relations() -%}
    {{ return([
        ['intermediate', 'int_mart_keys_counted'],
        ['intermediate', 'int_files_judged'],
        ['intermediate', 'int_file_waits'],
        ['intermediate', 'int_runs_counted'],
        ['intermediate', 'int_dbt_results_ranked'],
        ['intermediate', 'int_quarantine_history'],
        ['intermediate', 'int_telemetry_session_driving'],
        ['intermediate', 'int_race_results_classified'],
        ['intermediate', 'int_race_results_known'],
        ['intermediate', 'int_races_known'],
        ['intermediate', 'int_race_files'],
        ['intermediate', 'int_races_united'],
        ['staging', 'stg_acc__races'],
        ['staging', 'stg_acc__race_sessions'],
        ['staging', 'stg_iracing__race_results'],
        ['staging', 'stg_iracing__races'],
        ['staging', 'stg_iracing__races_csv'],
        ['staging', 'stg_iracing__races_json'],
        ['staging', 'stg_iracing__race_sessions'],
        ['staging', 'stg_iracing__lap_indexes'],
        ['staging', 'stg_ops__quarantine_history'],
        ['staging', 'stg_ops__runs'],
        ['staging', 'stg_ops__dbt_results'],
    ]) }}
{%- endmacro %}


{% macro drop_left_relations() -%}
    do $$
    declare
        kind "char";
        left_name text;
    begin
        foreach left_name in array array[
            {%- for schema, name in left_relations() %}
                '{{ generate_schema_name(schema, none) | trim }}.{{ name }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ]
        loop
            select relkind into kind from pg_class where oid = to_regclass(left_name);
            begin
                if found then
                    execute format('drop %s %s', case kind when 'v' then 'view' else 'table' end, left_name);
                end if;
            exception when dependent_objects_still_exist or insufficient_privilege then null;
            end;
        end loop;
    end $$;
{%- endmacro %}


{% macro move_tables() -%}
    {%- for old_schema, old_name, new_schema, new_name in (moved_tables() if execute else []) -%}
        {%- set old = api.Relation.create(
            database=target.database, schema=generate_schema_name(old_schema, none) | trim, identifier=old_name, type='table'
        ) -%}
        {%- set new = api.Relation.create(
            database=target.database, schema=generate_schema_name(new_schema, none) | trim, identifier=new_name, type='table'
        ) -%}
        {%- set found = load_relation(old) -%}
        {%- if found is not none and found.is_table and load_relation(new) is none -%}
            {%- set is_published = old_schema == 'marts' -%}
            {#- dbt has looked at the relations before it comes here, so it is told -#}
            {%- do adapter.cache_renamed(old, new) -%}
            {%- if is_published -%} {%- do adapter.cache_added(old.incorporate(type='view')) -%} {%- endif %}
            do $move$
            declare
                moved regclass := '{{ old.schema }}.{{ old_name }}';
                foreign_key name;
                reader name;
            begin
                {% if new.schema != old.schema -%}
                    alter table {{ old.schema }}.{{ old_name }} set schema {{ new.schema }};
                {%- endif %}
                alter table {{ new.schema }}.{{ old_name }} rename to {{ new_name }};
                {% if is_published -%}
                    create view {{ old.schema }}.{{ old_name }} as select * from {{ new.schema }}.{{ new_name }};
                {%- endif %}
                for foreign_key in
                    select conname from pg_constraint
                    where conrelid = moved and contype = 'f' and starts_with(conname, '{{ old_name }}__')
                loop
                    execute format(
                        'alter table {{ new.schema }}.{{ new_name }} rename constraint %I to %I',
                        foreign_key,
                        '{{ new_name }}' || substr(foreign_key, {{ old_name | length + 1 }})
                    );
                end loop;
                {% if is_published -%}
                    for reader in
                        select rolname
                        from pg_class
                        cross join lateral aclexplode(relacl) as rights
                        inner join pg_roles on rights.grantee = pg_roles.oid
                        where pg_class.oid = moved and rights.privilege_type = 'SELECT' and pg_roles.oid <> relowner
                    loop
                        execute format('grant select on {{ old.schema }}.{{ old_name }} to %I', reader);
                        execute format('revoke select on {{ new.schema }}.{{ new_name }} from %I', reader);
                    end loop;
                {%- endif %}
                update {{ ops_schema() }}.built set model = '{{ new_name }}' where model = '{{ old_name }}';
                update {{ ops_schema() }}.code set model = '{{ new_name }}' where model = '{{ old_name }}';
            end $move$;
        {%- endif -%}
    {%- endfor %}
{%- endmacro %}
