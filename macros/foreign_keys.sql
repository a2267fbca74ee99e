{#
    Foreign keys are declared where dbt has a place for them and made at the end of the run, where they are missing: a table
    that is built anew comes without its own and takes those that point to it away, and dbt would not say so. They are
    deferred, so that a dimension can be rewritten in one transaction. `to: ref(...)` also has the dimension built first, as a
    fact that is built in place needs. `expression: "dimension (column)"` does not, for tables that the dimension is made from:
    such a key is taken away while its table is written.
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

{# Every foreign key that the marts declare: name, table, columns, and the dimension with its columns. #}
{% macro foreign_keys() -%}
    {%- set keys = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized != 'view' -%}
        {%- set declared = [] -%}
        {%- for constraint in node.constraints -%} {%- do declared.append((constraint.columns, constraint)) -%} {%- endfor -%}
        {%- for column in node.columns.values() -%}
            {%- for constraint in column.constraints -%} {%- do declared.append(([column.name], constraint)) -%} {%- endfor -%}
        {%- endfor -%}
        {%- for columns, constraint in declared if constraint.type == 'foreign_key' -%}
            {%- set words = modules.re.findall('\\w+', constraint.to or constraint.expression) -%}
            {%- set dimension = words[-1] if constraint.to else words[0] -%}
            {%- do keys.append({
                'name': node.name ~ '__' ~ (columns | join('__')) ~ '__fk',
                'table': node.schema ~ '.' ~ node.name,
                'columns': columns,
                'waits': not constraint.to,
                'dimension': dimension,
                'to': (graph.nodes['model.' ~ project_name ~ '.' ~ dimension].schema) ~ '.' ~ dimension,
                'to_columns': constraint.to_columns if constraint.to else words[1:],
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{#
    Pre-hook of every mart, before its transaction, so that no reader waits for long. A key of a table that the dimension is
    made from would be broken for a moment. Any other is taken away when more than a fortieth of the table is new: each new row
    is looked up in 2.2 us, while making the key anew reads the whole table at 0.06 us a row.
#}
{% macro lift_foreign_keys() -%}
    {%- for key in foreign_keys() if key.table == this.schema ~ '.' ~ this.identifier -%}
        {%- if key.waits -%}
            alter table if exists {{ key.table }} drop constraint if exists {{ key.name }};
        {% elif config.get('incremental_strategy') == 'replace_changed' -%}
            do $$ begin
                if
                    (select count(*) from ({{ changed_keys(ref(config.require('fingerprints')), config.require('replace_key')) }}) as changed) * 40
                    > (select count(*) from {{ ops_schema() }}.built where model = '{{ this.identifier }}')
                then
                    alter table if exists {{ key.table }} drop constraint if exists {{ key.name }};
                end if;
            end $$;
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#
    Rows of dimensions that no file tells of any more go when the facts that named them have gone. Those that facts of a
    failed build still name stay until the next.
#}
{% macro remove_gone_rows() -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.config.incremental_strategy == 'upsert' -%}
        do $$ begin
            if exists (select 1 from {{ ops_schema() }}.gone_rows where model = '{{ node.name }}') then
                delete from {{ node.schema }}.{{ node.name }} as target
                where {{ row_key('target', node.config.unique_key) }} in (
                    select key from {{ ops_schema() }}.gone_rows where model = '{{ node.name }}'
                );
                delete from {{ ops_schema() }}.gone_rows where model = '{{ node.name }}';
                set constraints all immediate;
            end if;
        exception when foreign_key_violation then
            raise warning 'rows of {{ node.name }} stay: %', sqlerrm;
        end $$;
    {% endfor -%}
{%- endmacro %}

{% macro row_key(relation, columns) -%}
    cast(row({{ relation }}.{{ columns | join(', ' ~ relation ~ '.') }}) as text)
{%- endmacro %}

{# With `patient` what cannot be made is passed over, so that the others are; without, it ends the run and says why. #}
{% macro add_foreign_keys(patient) -%}
    {%- for key in (foreign_keys() if execute else []) -%}
        do $$ begin
            if
                to_regclass('{{ key.table }}') is not null
                and to_regclass('{{ key.to }}') is not null
                and not exists (
                    select 1 from pg_constraint
                    where conname = '{{ key.name }}' and conrelid = to_regclass('{{ key.table }}')
                )
            then
                alter table {{ key.table }} add constraint {{ key.name }}
                foreign key ({{ key.columns | join(', ') }})
                references {{ key.to }} ({{ key.to_columns | join(', ') }}) deferrable initially deferred;
            end if;
        {% if patient -%} exception when foreign_key_violation then null; {%- endif %}
        end $$;
    {% endfor -%}
{%- endmacro %}
