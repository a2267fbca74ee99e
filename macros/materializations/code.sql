{#- Kept, because a model and all that read it ask, and walking the graph takes longer than most statements. -#}
{% macro code_hash(unique_id=none) -%}
    {%- set node = graph.nodes[unique_id or model.unique_id] -%}
    {%- if 'code_hash' not in node -%} {%- do node.update(code_hash=hash_of_code(node)) -%} {%- endif -%}
    {{ return(node.code_hash) }}
{%- endmacro %}

{% macro hash_of_code(node) -%}
    {%- if node.config.materialized == 'view' -%} {{ return(hash_of_model(node.unique_id)) }} {%- endif -%}
    {%- set parts = [hash_of_model(node.unique_id), tojson(node.constraints)] -%}
    {%- for column in node.columns.values() -%}
        {%- do parts.append(tojson([column.name, column.data_type, column.constraints])) -%}
    {%- endfor -%}
    {%- do parts.extend(values_of_vars(parts | join('\n'))) -%}
    {{ return(local_md5(parts | join('\n'))) }}
{%- endmacro %}

{#- Of its code and of the hashes of what it reads, so that each model is looked at once, however many are made from it. -#}
{% macro hash_of_model(unique_id) -%}
    {%- set node = graph.nodes[unique_id] -%}
    {%- if 'hash_of_model' not in node -%}
        {%- set code = without_comments(node.raw_code) -%}
        {%- set parts = [] -%}
        {%- for parent in node.depends_on.nodes if parent.startswith('model.') -%}
            {%- do parts.append(hash_of_model(parent)) -%}
        {%- endfor -%}
        {%- do parts.extend(hashes_of_macros(node.depends_on.macros)) -%}
        {%- set parts = [code] + values_of_vars(code) + (parts | unique | sort) -%}
        {%- do node.update(hash_of_model=local_md5(parts | join('\n'))) -%}
    {%- endif -%}
    {{ return(node.hash_of_model) }}
{%- endmacro %}

{#- Those of the project. dbt's own are its version's. Each of all that it reaches, because a macro may call one that calls it. -#}
{% macro hashes_of_macros(unique_ids) -%}
    {%- if 'macros_by_id' not in graph -%} {%- do graph.update(macros_by_id={}, hashes_of_macros={}) -%} {%- endif -%}
    {%- set own = 'macro.' ~ project_name ~ '.' -%}
    {%- set hashes = [] -%}
    {%- for unique_id in unique_ids if unique_id.startswith(own) -%}
        {%- if unique_id not in graph.hashes_of_macros -%}
            {%- set reached = [unique_id] -%}
            {%- set parts = [] -%}
            {#- which grows meanwhile -#}
            {%- for other in reached -%}
                {%- if other not in graph.macros_by_id -%} {%- do graph.macros_by_id.update({other: macro_by_itself(other, own)}) -%} {%- endif -%}
                {%- set macro = graph.macros_by_id[other] -%}
                {%- do parts.append(macro.hash) -%}
                {%- for called in macro.calls if called not in reached -%} {%- do reached.append(called) -%} {%- endfor -%}
            {%- endfor -%}
            {%- do graph.hashes_of_macros.update({unique_id: local_md5(parts | sort | join('\n'))}) -%}
        {%- endif -%}
        {%- do hashes.append(graph.hashes_of_macros[unique_id]) -%}
    {%- endfor -%}
    {{ return(hashes) }}
{%- endmacro %}

{% macro macro_by_itself(unique_id, own) -%}
    {%- set macro = context[unique_id[own | length:]].macro -%}
    {%- set code = without_comments(macro.macro_sql) -%}
    {%- set calls = [] -%}
    {%- for called in macro.depends_on.macros if called.startswith(own) -%} {%- do calls.append(called) -%} {%- endfor -%}
    {{ return({'hash': local_md5(([code] + values_of_vars(code)) | join('\n')), 'calls': calls}) }}
{%- endmacro %}

{% macro without_comments(code) -%}
    {{ return(modules.re.sub('(\'[^\']*\'|"[^"]*")|(\\s|--[^\n]*|/[*][\\s\\S]*?[*]/|\\{#[\\s\\S]*?#\\})+', '\\1 ', code).strip()) }}
{%- endmacro %}

{% macro values_of_vars(code) -%}
    {%- set values = [] -%}
    {%- for name in modules.re.findall('\\bvar\\([\'"](\\w+)', code) | unique | sort -%}
        {%- if name not in ('me', 'bad_line_share_limit', 'results_cutoff', 'pseudonymise') -%}
            {%- do values.append(tojson([name, var(name)])) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(values) }}
{%- endmacro %}


{% macro is_built_anew() -%}
    {{ return(flags.FULL_REFRESH or is_code_changed() or not is_table_there()) }}
{%- endmacro %}

{% macro read_ledgers() -%}
    {%- if execute -%}
        {%- set recorded = {} -%}
        {%- for row in run_query('select model, code_hash, description_hash from ' ~ ops_schema() ~ '.code').rows -%}
            {%- do recorded.update({row[0]: row | list}) -%}
        {%- endfor -%}
        {%- for name in ('has_retired', 'foreign_keys') -%} {%- do graph.pop(name, none) -%} {%- endfor -%}
        {%- do graph.update(
            recorded_code=recorded,
            has_retired=has_retired(),
            foreign_keys=declared_foreign_keys(),
            builds_in_lake=builds_in_lake()
        ) -%}
    {%- endif -%}
{%- endmacro %}

{% macro has_retired() -%}
    {%- if 'has_retired' in graph -%} {{ return(graph.has_retired) }} {%- endif -%}
    {%- if load_relation(api.Relation.create(database=target.database, schema=ops_schema(), identifier='retired')) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(run_query('select 1 from ' ~ ops_schema() ~ '.retired limit 1').rows | length > 0) }}
{%- endmacro %}

{% macro is_code_changed() -%}
    {%- if 'is_code_changed' not in model -%} {%- do model.update(is_code_changed=code_hash() != recorded_code()[1]) -%} {%- endif -%}
    {{ return(model.is_code_changed) }}
{%- endmacro %}

{#- Its hashes of code and of descriptions. Without read_ledgers, as in `dbt compile`, the database is asked. -#}
{% macro recorded_code() -%}
    {%- if 'recorded_code' in graph -%} {{ return(graph.recorded_code.get(this.identifier, [none, none, none])) }} {%- endif -%}
    {%- if load_relation(api.Relation.create(database=target.database, schema=ops_schema(), identifier='code')) is none -%}
        {{ return([none, none, none]) }}
    {%- endif -%}
    {%- set recorded -%}
        select model, code_hash, description_hash from {{ ops_schema() }}.code where model = '{{ this.identifier }}'
    {%- endset -%}
    {{ return(run_query(recorded).rows | first or [none, none, none]) }}
{%- endmacro %}

{#-
    Only where all that it reads was made by its code of now, which these have in their records; else it is made anew by the next run.
    It may have been made of a view that was left out of the build and is still that of before.
-#}
{% macro made_by() -%}
    {%- for parent in graph.nodes[model.unique_id].depends_on.nodes if parent.startswith('model.') -%}
        {%- if graph.recorded_code.get(graph.nodes[parent].alias, [none, none])[1] != code_hash(parent) -%} {{ return('') }} {%- endif -%}
    {%- endfor -%}
    {{ return(code_hash()) }}
{%- endmacro %}

{% macro record_code() -%}
    {%- set recorded = [this.identifier, made_by(), description_hash()] -%}
    {%- if graph.recorded_code.get(this.identifier) != recorded -%}
        {%- do graph.recorded_code.update({this.identifier: recorded}) -%}
        insert into {{ ops_schema() }}.code (model, code_hash, description_hash)
        values ('{{ recorded | join("', '") }}')
        on conflict (model) do update set
            code_hash = excluded.code_hash,
            description_hash = excluded.description_hash,
            built_at = case when code.code_hash = excluded.code_hash then code.built_at else excluded.built_at end;
    {%- endif -%}
{%- endmacro %}
