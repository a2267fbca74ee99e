{#-
    One transaction and, where the code is that of before, two statements: dbt takes longer for a statement than PostgreSQL for most.
    The rows are computed into a temporary table first, because PostgreSQL reads in parallel for `create table as` but not
    for `insert ... select`.
-#}
{% macro write_table() %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set is_anew = is_made_anew() -%}
    {%- do keep_holding() -%}
    {%- do lift_foreign_keys(is_anew) -%}

    {{ run_hooks(pre_hooks, inside_transaction=true) }}

    {%- set made = rows_of_lake() if is_read_from_lake() else sql -%}
    {%- if is_anew -%} {%- do make_table(relation, made) -%}
    {%- else -%}
        {%- set rows = this.identifier ~ '__rows' -%}
        {%- set computed -%}
            create temporary table {{ rows }} on commit drop as (
                {{ made }}
            );
        {%- endset -%}
        {%- if not config.get('contract').enforced -%}
            {%- call statement('computed') -%} {{ computed }} {%- endcall -%}
            {%- set computed = '' -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ computed }}
            {% if config.get('materialized') == 'incremental' %} {{ delete_keys(relation) }} {% endif -%}
            {% if is_code_changed() %} {{ alter_kept_table(relation, rows) }} {% endif -%}
            {% if config.get('materialized') == 'incremental' %} {{ insert_keys(relation, rows) }}
            {%- else %} {{ write_difference(relation, rows) }}
            {%- endif -%}
        {%- endcall -%}
    {%- endif -%}
    {%- do apply_grants(relation, config.get('grants'), should_revoke=not is_anew) -%}
    {%- call statement('record') -%}
        {% if is_anew or is_described_otherwise() %} {{ describe(relation) }} {% endif -%}
        {{ analyze_table(is_anew) }}
        {% if config.get('fingerprints') -%} {{ record_built() }} {%- endif %}
        {{ record_code() }}
    {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{% endmacro %}


{% macro is_made_anew() -%}
    {%- if not is_table_there() -%} {{ return(true) }} {%- endif -%}
    {%- set may_hold_retired = config.get('key') in ('file_id', 'session_id') and config.get('keeps_retired', true) -%}
    {%- set keeps_retired = may_hold_retired and config.get('goes_with') != 'raw' and has_retired() -%}
    {{ return(is_built_anew() and not (keeps_retired or config.get('keeps_rows'))) }}
{%- endmacro %}

{% macro is_table_there() -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ return(existing is not none and existing.is_table) }}
{%- endmacro %}


{#- Beside the table that is there, with its constraints; at the end they change places. Readers of the old one wait for that alone. -#}
{% macro make_table(relation, made) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set table = relation if existing is none else make_intermediate_relation(relation) -%}
    {%- set computed = this.identifier ~ '__rows' -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {#- before rows are computed for a table that could not be kept -#}
    {%- do key_of(model) -%}
    {%- if has_contract -%} {%- do get_assert_columns_equivalent(made) -%} {%- endif -%}
    {%- call statement('main') -%}
        drop table if exists {{ table }};
        -- what was to leave the old one is not in the new one, or there again
        delete from {{ ops_schema() }}.gone_rows where model = '{{ this.identifier }}';
        {% if has_contract -%}
            {%- set columns = model.columns.values() | map(attribute='name') | join(', ') -%}
            create temporary table {{ computed }} on commit drop as (
                {{ made }}
            );
            create table {{ table }} (
                {{ columns_with_constraints() | join(',\n                ') }}
            ) {% if config.get('partition_by_month') -%} partition by range ({{ config.get('partition_by_month') }}) {%- endif %};
            {% if config.get('partition_by_month') %} {{ make_partitions(table, computed) }} {% endif -%}
            insert into {{ table }} ({{ columns }})
            select {{ columns }} from {{ computed }};
        {%- else -%}
            create table {{ table }} as (
                {{ made }}
            );
        {%- endif %}
    {%- endcall -%}
    {%- set constraints = constraints_added(table) -%}
    {%- if constraints | trim -%} {%- call statement('constraints') -%} {{ constraints }} {%- endcall -%} {%- endif -%}
    {%- do create_indexes(table) -%}
    {%- if existing is not none -%} {%- do swap_table(existing, table, relation) -%} {%- endif -%}
{%- endmacro %}

{% macro swap_table(existing, table, relation) -%}
    {%- set kind = 'view' if existing.is_view else 'table' -%}
    {%- set backup = make_backup_relation(relation, kind) -%}
    {%- call statement('swap') -%}
        drop {{ kind }} if exists {{ backup }} cascade;
        do $lock$ begin {{ lock_views_on(existing) }} end $lock$;
        alter {{ kind }} {{ existing }} rename to {{ backup.identifier }};
        alter table {{ table }} rename to {{ relation.identifier }};
        {{ views_moved(backup, relation) }}
        drop {{ kind }} {{ backup }} cascade;
    {%- endcall -%}
    {%- if kind == 'view' -%} {%- do adapter.cache_dropped(existing) -%} {%- do keep_cached(relation) -%} {%- endif -%}
{%- endmacro %}


{#-
    Where code changed and the table is kept, because what some of its rows were made from is gone. These rows alone are in it now, and
    they may lack what the code asks of new ones: a check that they break holds for what is written from now on (`not valid`), and so
    does not null. A key holds for all or not at all.
    The constraints are put on a table without rows first, so that PostgreSQL says in its words what is declared.
-#}
{% macro alter_kept_table(relation, rows) -%}
    {%- set declared = this.identifier ~ '__declared' -%}
    create temporary table {{ declared }} (
        {% if config.get('contract').enforced %} {{ columns_with_constraints() | join(', ') }} {% else %} like {{ rows }} {% endif %}
    ) on commit drop;
    {{ constraints_added(declared) }}
    do $alter_kept_table$
    declare
        kept regclass := '{{ relation }}';
        declared regclass := '{{ declared }}';
        change text;
    begin
        for change in
            select format('drop constraint %I', conname)
            from pg_constraint
            where
                conrelid = kept
                and contype in ('c', 'p', 'u', 'x')
                and pg_get_constraintdef(oid) not in (select pg_get_constraintdef(oid) from pg_constraint where conrelid = declared)
            union all
            select format('alter column %I drop not null', attname)
            from pg_attribute
            where
                attrelid = kept
                and attnum > 0
                and attnotnull
                and attname not in (select attname from pg_attribute where attrelid = declared and attnotnull)
            union all
            select format('add column %I %s', attname, format_type(atttypid, atttypmod))
            from pg_attribute
            where
                attrelid = declared
                and attnum > 0
                and attname not in (select attname from pg_attribute where attrelid = kept and not attisdropped)
            union all
            select format('alter column %I type %s', ours.attname, format_type(ours.atttypid, ours.atttypmod))
            from pg_attribute as ours
            inner join pg_attribute as theirs on ours.attname = theirs.attname and theirs.attrelid = kept
            where
                ours.attrelid = declared
                and ours.attnum > 0
                and (ours.atttypid, ours.atttypmod) is distinct from (theirs.atttypid, theirs.atttypmod)
        loop
            execute 'alter table {{ relation }} ' || change;
        end loop;
        for change in
            select 'add ' || pg_get_constraintdef(oid)
            from pg_constraint
            where
                conrelid = declared
                and contype in ('c', 'p', 'u', 'x')
                and pg_get_constraintdef(oid) not in (select pg_get_constraintdef(oid) from pg_constraint where conrelid = kept)
        loop
            begin
                execute 'alter table {{ relation }} ' || change;
            exception when check_violation then
                execute 'alter table {{ relation }} ' || change || ' not valid';
            end;
        end loop;
        for change in
            select attname
            from pg_attribute
            where
                attrelid = declared
                and attnum > 0
                and attnotnull
                and attname not in (select attname from pg_attribute where attrelid = kept and attnotnull)
        loop
            begin
                execute format('alter table {{ relation }} alter column %I set not null', change);
            exception when not_null_violation then
                execute format('alter table {{ relation }} add check (%I is not null) not valid', change);
            end;
        end loop;
    end $alter_kept_table$;
{%- endmacro %}


{#- A contract names the columns; without one the database is asked. -#}
{% macro columns_of(rows) -%}
    {%- if config.get('contract').enforced -%} {{ return(model.columns.values() | map(attribute='name') | list) }} {%- endif -%}
    {%- set asked -%}
        select attname from pg_attribute where attrelid = cast('{{ rows }}' as regclass) and attnum > 0 order by attnum
    {%- endset -%}
    {{ return(run_query(asked).columns[0].values() | list) }}
{%- endmacro %}

{% macro key_of(node) -%}
    {%- for constraint in node.constraints if constraint.type == 'primary_key' -%} {{ return(constraint.columns) }} {%- endfor -%}
    {%- for column in node.columns.values() if 'primary_key' in column.constraints | map(attribute='type') -%}
        {{ return([column.name]) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        node.name ~ ' names no key. Declare a primary_key under constraints in its YAML: the columns that tell its rows apart.'
    ) -%}
{%- endmacro %}

{#- As `create table` takes them, without foreign keys, which are made at the end of the run (macros/hooks/foreign_keys.sql). -#}
{% macro columns_with_constraints() -%}
    {%- set columns = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- set constraints = column.constraints | rejectattr('type', 'equalto', 'foreign_key') | list -%}
        {%- do columns.update({name: dict(column, constraints=constraints)}) -%}
    {%- endfor -%}
    {{ return(adapter.render_raw_columns_constraints(raw_columns=columns)) }}
{%- endmacro %}

{% macro constraints_of_table() -%}
    {%- set constraints = model.constraints | rejectattr('type', 'in', ['foreign_key', 'not_null']) | list -%}
    {{ return(adapter.render_raw_model_constraints(raw_constraints=constraints)) }}
{%- endmacro %}

{#- dbt makes columns not null where a contract gives their types, and only in `create table`. -#}
{% macro constraints_added(table) -%}
    {%- for constraint in constraints_of_table() -%} alter table {{ table }} add {{ constraint }}; {% endfor -%}
    {%- for constraint in model.constraints if constraint.type == 'not_null' -%}
        {%- for column in constraint.columns -%} alter table {{ table }} alter column {{ column }} set not null; {% endfor -%}
    {%- endfor -%}
{%- endmacro %}
