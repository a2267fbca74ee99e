{#
    What a table was made by is part of what it is: an incremental model whose code changed, or that of a macro or a model it
    is made from, is built anew by the next run, its columns and checks too. Nobody has to think of --full-refresh.
#}
{% macro code_hash() -%}
    {#- Asked several times while a model is made, and to walk the graph takes longer than most statements. -#}
    {%- if 'code_hash' not in model -%} {%- do model.update(code_hash=hash_of_code()) -%} {%- endif -%}
    {{ return(model.code_hash) }}
{%- endmacro %}

{% macro hash_of_code() -%}
    {%- set models = [model.unique_id] -%}
    {%- set macros = [] -%}
    {%- set made = graph.nodes[model.unique_id] -%}
    {%- set parts = [tojson(made.constraints)] -%}
    {%- for column in made.columns.values() -%}
        {%- do parts.append(tojson([column.name, column.data_type, column.constraints])) -%}
    {%- endfor -%}
    {%- for unique_id in models -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- do parts.append(node.checksum.checksum) -%}
        {%- do macros.extend(node.depends_on.macros | reject('in', macros)) -%}
        {%- for parent in node.depends_on.nodes if parent.startswith('model.') and parent not in models -%}
            {%- do models.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set own = 'macro.' ~ project_name ~ '.' -%}
    {%- for unique_id in macros if unique_id.startswith(own) -%}
        {%- set macro = context[unique_id[own | length:]].macro -%}
        {%- do parts.append(macro.macro_sql) -%}
        {%- do macros.extend(macro.depends_on.macros | reject('in', macros)) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join('\n'))) }}
{%- endmacro %}


{#
    dbt's own question whether an incremental model is built from nothing. Where sessions are retired it is not: they could not
    be built again, so all the others are built in place. Of a model with `goes_with_raw` nothing is left of them to lose.
#}
{% macro should_full_refresh() -%}
    {%- if config.get('full_refresh') is not none -%} {{ return(config.get('full_refresh')) }} {%- endif -%}
    {%- set keeps_retired = config.get('incremental_strategy') == 'replace_changed' and not config.get('goes_with_raw') -%}
    {{ return(is_built_anew() and not (keeps_retired and has_retired())) }}
{%- endmacro %}

{% macro is_built_anew() -%}
    {{ return(flags.FULL_REFRESH or (config.get('materialized') == 'incremental' and is_code_changed())) }}
{%- endmacro %}

{% macro has_retired() -%}
    {%- if load_relation(api.Relation.create(database=target.database, schema=ops_schema(), identifier='retired')) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(run_query('select 1 from ' ~ ops_schema() ~ '.retired limit 1').rows | length > 0) }}
{%- endmacro %}

{% macro is_code_changed() -%}
    {%- if 'is_code_changed' not in model -%} {%- do model.update(is_code_changed=code_hash() != recorded_code()) -%} {%- endif -%}
    {{ return(model.is_code_changed) }}
{%- endmacro %}

{% macro recorded_code() -%}
    {%- if load_relation(api.Relation.create(database=target.database, schema=ops_schema(), identifier='code')) is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set recorded -%}
        select code_hash from {{ ops_schema() }}.code where model = '{{ this.identifier }}'
    {%- endset -%}
    {{ return(run_query(recorded).columns[0].values() | first) }}
{%- endmacro %}

{# Post-hook of every incremental model. #}
{% macro record_code() -%}
    {%- if config.get('materialized') == 'incremental' -%}
        insert into {{ ops_schema() }}.code (model, code_hash)
        values ('{{ this.identifier }}', '{{ code_hash() }}')
        on conflict (model) do update set
            code_hash = excluded.code_hash,
            built_at = excluded.built_at
        where code.code_hash <> excluded.code_hash
    {%- endif -%}
{%- endmacro %}
