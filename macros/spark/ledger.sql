{#-
    There is no transaction over two tables of the lake, so a model that replaces keys takes steps that can each be repeated: the keys
    are noted with no fingerprint, which makes them due whatever happens next; their rows are deleted; rows are written; the
    keys are noted with their fingerprints; what was noted before is deleted. Who is killed between two of them leaves keys to
    be built again, and none that is forgotten.
-#}
{% macro create_ledgers_of_lake() -%}
    {%- if execute and invocation_args_dict.which in ('run', 'build') -%}
        {%- do open_lake(['retired', 'lake_built', 'lake_fetched'] + env_var('SIMRACE_SPARK_INPUTS', '').split()) -%}
    {%- endif -%}
{%- endmacro %}

{% macro open_lake(inputs=[]) -%}
    {%- do run_in_lake('create schema if not exists ' ~ ops_schema()) -%}
    {#- the catalog of Sail ends with the process; the tables do not -#}
    {%- set there = env_var('SIMRACE_SAIL_TABLES', '').split() if target.type == 'sail' else [] -%}
    {%- for name in there -%}
        {%- set schema, identifier = name.split('.') -%}
        {%- set relation = api.Relation.create(schema=schema, identifier=identifier) -%}
        {%- do run_in_lake('create schema if not exists ' ~ schema) -%}
        {%- do run_in_lake('create table ' ~ relation ~ ' using iceberg ' ~ place_in_lake(relation)) -%}
    {%- endfor -%}
    {%- do run_in_lake('create schema if not exists ' ~ schema_of_inputs()) -%}
    {%- for name in inputs -%}
        {%- set place = env_var('SIMRACE_SPARK_EXCHANGE') ~ '/inputs/' ~ name -%}
        {%- do run_in_lake('drop table if exists ' ~ input_of_lake(name)) -%}
        {%- do run_in_lake('create table ' ~ input_of_lake(name) ~ " using parquet location '" ~ place ~ "'") -%}
    {%- endfor -%}
    {%- for name, columns in [
        ('built', 'model string, key string, input_hash string'),
        ('code', 'model string, code_hash string'),
    ] -%}
        {%- set ledger = api.Relation.create(schema=ops_schema(), identifier=name) -%}
        {%- if ledger.render() not in there -%}
            {%- do run_in_lake('create table if not exists ' ~ ledger ~ ' (' ~ columns ~ ') using iceberg ' ~ place_in_lake(ledger)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set recorded = {} -%}
    {%- for row in run_query('select model, code_hash from ' ~ ops_schema() ~ '.code').rows -%}
        {%- do recorded.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- do graph.update(recorded_in_lake=recorded, changed_in_lake={}) -%}
{%- endmacro %}

{#- A statement whose answer nobody reads: that of Sail to a write cannot be read. -#}
{% macro run_in_lake(statement) -%}
    {%- do adapter.add_query(statement, auto_begin=false) -%}
{%- endmacro %}

{#- Spark's catalog knows where its tables lie. -#}
{% macro place_in_lake(relation) -%}
    {%- if target.type == 'sail' -%}
        location '{{ env_var('SIMRACE_SPARK_WAREHOUSE') }}/{{ relation.schema }}/{{ relation.identifier }}'
    {%- endif -%}
{%- endmacro %}


{% macro is_anew_in_lake() -%}
    {{ return(flags.FULL_REFRESH or graph.recorded_in_lake.get(this.identifier) != code_hash()) }}
{%- endmacro %}

{#-
    The keys of the model that are due, with their fingerprints, and those whose rows have to go without new ones: what is no longer there,
    and what simrace retain let go. Asked once a model.
-#}
{% macro keys_in_lake(fingerprints, key) -%}
    {%- if 'keys_in_lake' in model -%} {{ return(model.keys_in_lake) }} {%- endif -%}
    {%- set is_kept = 'retired.key is null' if key in ('file_id', 'session_id') else 'true' -%}
    {%- set let_go = {'raw': 'retired.key is not null', 'traces': 'retired.traces_retired_at is not null'}[config.get('goes_with')] or 'false' -%}
    {%- set asked -%}
        with known as (
            -- a key that is noted without a fingerprint is due, whatever else is noted of it
            select key, min(input_hash) as input_hash
            from {{ ops_schema() }}.built
            where model = '{{ this.identifier }}'
            group by key
        ),

        asked as (
            select cast({{ key }} as string) as key, input_hash
            from {{ fingerprints }}
        ),

        retired as (
            {% if key in ('file_id', 'session_id') -%}
                select {{ key }} as key, max(traces_retired_at) as traces_retired_at
                from {{ input_of_lake('retired') }}
                group by {{ key }}
            {%- else -%}
                select cast(null as string) as key, cast(null as timestamp) as traces_retired_at
            {%- endif %}
        )

        select coalesce(asked.key, known.key) as key, asked.input_hash
        from known
        full outer join asked on known.key = asked.key
        left join retired on coalesce(asked.key, known.key) = retired.key
        where
            ({{ is_kept }} and asked.input_hash is distinct from known.input_hash)
            or (known.key is not null and {{ let_go }})
    {%- endset -%}
    {%- set due, gone = {}, [] -%}
    {%- for row in run_query(asked).rows -%}
        {%- if row[1] is none -%} {%- do gone.append(row[0]) -%} {%- else -%} {%- do due.update({row[0]: row[1]}) -%} {%- endif -%}
    {%- endfor -%}
    {%- do model.update(keys_in_lake={'due': due, 'gone': gone}) -%}
    {{ return(model.keys_in_lake) }}
{%- endmacro %}

{#- As a list, by which Iceberg finds the files to read. -#}
{% macro spark__changed_keys(fingerprints, key) -%}
    {%- if not execute -%} {{ return('null') }} {%- endif -%}
    {%- if config.get('materialized') != 'incremental' or is_anew_in_lake() -%}
        select fingerprints.{{ key }}
        from {{ fingerprints }} as fingerprints
        {%- if key in ('file_id', 'session_id') %}
            left anti join {{ input_of_lake('retired') }} as retired on fingerprints.{{ key }} = retired.{{ key }}
        {%- endif -%}
    {%- else -%}
        {%- set due = keys_in_lake(fingerprints, key).due -%}
        {{ listed(due) if due else 'null' }}
    {%- endif -%}
{%- endmacro %}

{% macro listed(texts) -%} '{{ texts | join("', '") }}' {%- endmacro %}
