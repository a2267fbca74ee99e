{% materialization table, adapter='spark' %}
    {{ return(write_table_of_lake()) }}
{% endmaterialization %}

{% materialization incremental, adapter='spark' %}
    {{ return(write_table_of_lake()) }}
{% endmaterialization %}

{#- No hooks, contracts, comments: they are PostgreSQL's, which gets what is published, and holds all of them there. -#}
{% materialization view, adapter='spark' %}
    {%- set relation = this.incorporate(type='view') -%}
    {#- Spark plans all of a view to make it, which takes seconds; Sail forgets it. -#}
    {%- set is_kept = target.type != 'sail' -%}
    {%- set code = local_md5(sql) -%}
    {%- if is_kept and graph.recorded_in_lake.get(this.identifier) == code -%}
        {%- call noop_statement('main', 'UNCHANGED') -%} {%- endcall -%}
    {%- else -%}
        {%- if is_kept -%} {%- do forget_code_in_lake() -%} {%- endif -%}
        {%- call statement('main') -%} create or replace view {{ relation }} as {{ sql }} {%- endcall -%}
        {%- if is_kept -%} {%- do record_code_in_lake(code) -%} {%- endif -%}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{% macro write_table_of_lake() -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- if config.get('materialized') != 'incremental' or is_anew_in_lake() -%}
        {%- do make_table_of_lake(relation) -%}
    {%- else -%}
        {%- do replace_keys_of_lake(relation) -%}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}


{#- The code is forgotten first and recorded last: who is killed in between makes the table anew. -#}
{% macro make_table_of_lake(relation) -%}
    {%- do graph.changed_in_lake.update({this.identifier: 'all'}) -%}
    {%- do forget_code_in_lake() -%}
    {%- call statement('main', auto_begin=false) -%}
        {#- Sail compares the types of what was there with those of now, and Iceberg keeps a smallint as an integer -#}
        create or replace table {{ relation }} using iceberg {{ "options ('overwriteSchema' = 'true')" if target.type == 'sail' }}
        {{ parts_of_lake() }} {{ place_in_lake(relation) }} as
        {{ rows_with_retired(relation) }}
    {%- endcall -%}
    {%- do run_in_lake('delete from ' ~ ops_schema() ~ ".built where model = '" ~ this.identifier ~ "'") -%}
    {%- if config.get('fingerprints') -%}
        {%- set fingerprints, key = ref(config.require('fingerprints')), config.require('key') -%}
        {%- set recorded -%}
            insert into {{ ops_schema() }}.built
            select '{{ this.identifier }}', cast({{ key }} as string), input_hash
            from {{ fingerprints }}
        {%- endset -%}
        {%- do run_in_lake(recorded) -%}
    {%- endif -%}
    {%- do record_code_in_lake(code_hash()) -%}
{%- endmacro %}

{% macro forget_code_in_lake() -%}
    {%- if this.identifier in graph.recorded_in_lake -%}
        {%- do run_in_lake('delete from ' ~ ops_schema() ~ ".code where model = '" ~ this.identifier ~ "'") -%}
    {%- endif -%}
{%- endmacro %}

{% macro record_code_in_lake(code) -%}
    {%- do run_in_lake('insert into ' ~ ops_schema() ~ ".code values ('" ~ [this.identifier, code] | join("', '") ~ "')") -%}
    {%- do graph.recorded_in_lake.update({this.identifier: code}) -%}
{%- endmacro %}

{#- What is known of a session whose lines are gone cannot be made again: its rows are taken over. -#}
{% macro rows_with_retired(relation) -%}
    {%- set keeps = config.get('key') in ('file_id', 'session_id') and config.get('goes_with') != 'raw' and config.get('keeps_retired', true) -%}
    {%- if not keeps or this.identifier not in graph.recorded_in_lake
        or not run_query('select 1 from ' ~ input_of_lake('retired') ~ ' limit 1').rows -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set before = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%} {%- do before.update({column.name: column.dtype}) -%} {%- endfor -%}
    {%- set columns = run_query('select * from (' ~ sql ~ ') as made limit 0').column_names -%}
    {{ sql }}
    union all
    select
        {% for column in columns -%}
            {{ 'before.' ~ column if column in before else 'null as ' ~ column }}{{ ', ' if not loop.last }}
        {% endfor %}
    from {{ relation }} as before
    left semi join {{ input_of_lake('retired') }} as retired on before.{{ config.get('key') }} = retired.{{ config.get('key') }}
{%- endmacro %}

{#- Rows are sorted by part before they are written. Else a file of each part is open at once, and its rows are in memory until it is full. -#}
{% macro parts_of_lake() -%}
    {%- if target.type != 'sail' and config.get('partition_by_month') -%}
        partitioned by (months({{ config.get('partition_by_month') }}), bucket(16, {{ config.require('key') }}))
        tblproperties ('write.spark.fanout.enabled' = 'false')
    {%- endif -%}
{%- endmacro %}


{% macro replace_keys_of_lake(relation) -%}
    {%- set key = config.require('key') -%}
    {%- set keys = keys_in_lake(ref(config.require('fingerprints')), key) -%}
    {%- set touched = keys.due.keys() | list + keys.gone -%}
    {%- if not touched -%}
        {%- call noop_statement('main', 'UNCHANGED') -%} {%- endcall -%}
        {{ return('') }}
    {%- endif -%}
    {%- do graph.changed_in_lake.update({this.identifier: touched}) -%}
    {%- set ledger = ops_schema() ~ '.built' -%}
    {%- do note_in_lake(ledger, dict.fromkeys(touched, '')) -%}
    {%- do run_in_lake('delete from ' ~ relation ~ ' where ' ~ key ~ ' in (' ~ listed(touched) ~ ')') -%}
    {%- if keys.due -%}
        {%- call statement('main', auto_begin=false) -%}
            insert into {{ relation }}
            {{ sql }}
        {%- endcall -%}
        {%- do note_in_lake(ledger, keys.due) -%}
    {%- else -%}
        {%- call noop_statement('main', 'DELETED') -%} {%- endcall -%}
    {%- endif -%}
    {%- set noted = [] -%}
    {%- for due, input_hash in keys.due.items() -%} {%- do noted.append(due ~ '=' ~ input_hash) -%} {%- endfor -%}
    {%- set before -%}
        delete from {{ ledger }}
        where
            model = '{{ this.identifier }}'
            and key in ({{ listed(touched) }})
            {% if noted -%} and concat(key, '=', input_hash) not in ({{ listed(noted) }}) {%- endif %}
    {%- endset -%}
    {%- do run_in_lake(before) -%}
{%- endmacro %}

{% macro note_in_lake(ledger, noted) -%}
    {%- set rows = [] -%}
    {%- for key, input_hash in noted.items() -%} {%- do rows.append("('" ~ [this.identifier, key, input_hash] | join("', '") ~ "')") -%} {%- endfor -%}
    {%- do run_in_lake('insert into ' ~ ledger ~ ' values ' ~ rows | join(', ')) -%}
{%- endmacro %}
