{#-
    On-run-end: what PostgreSQL has not got yet of what it publishes, as Parquet files, which simrace copies into the schema `lake`
    (simrace/lake/publish.py). A key is told by its fingerprint and the code that made its rows; one without is gone. Found by comparing
    the two ledgers, so whoever is killed on the way finds the same again.
-#}
{% macro write_published() -%}
    {%- if execute and invocation_args_dict.which in ('run', 'build') -%}
        {%- for node in graph.nodes.values() if node.unique_id in selected_resources and node.config.materialized == 'incremental' -%}
            {%- do write_published_of(node) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro write_published_of(node) -%}
    {#- all of it where engines are compared -#}
    {%- set grows = 'published' if env_var('SIMRACE_SPARK_PUBLISHES', '') == 'all' else node.config.meta.grows -%}
    {%- set name = node.name -%}
    {%- if name not in graph.recorded_in_lake or grows not in ('published', 'fetched') -%} {{ return('') }} {%- endif -%}
    {%- set place = env_var('SIMRACE_SPARK_EXCHANGE') ~ '/published/' ~ name -%}
    {%- set relation = api.Relation.create(schema=node.schema, identifier=name) -%}
    {%- set changed -%}
        with ours as (
            select key, min(input_hash) as input_hash
            from {{ ops_schema() }}.built
            where
                model = '{{ name }}'
                {% if grows == 'fetched' -%} and key in (select session_id from {{ input_of_lake('lake_fetched') }}) {%- endif %}
            group by key
        ),

        theirs as (
            select key, input_hash from {{ input_of_lake('lake_built') }}
            where model = '{{ name }}'
        )

        select
            coalesce(ours.key, theirs.key) as key,
            concat(ours.input_hash, ' ', '{{ graph.recorded_in_lake[name] }}') as input_hash
        from ours
        full outer join theirs on ours.key = theirs.key
        where
            concat(ours.input_hash, ' ', '{{ graph.recorded_in_lake[name] }}') is distinct from theirs.input_hash
            and coalesce(ours.input_hash, 'gone') <> ''
    {%- endset -%}
    {%- set found = run_query('select key, input_hash from (' ~ changed ~ ') as changed limit 1001').rows -%}
    {%- if found -%}
        {#- of what is gone there are rows where a session was fetched and is let go again -#}
        {%- set due = found | rejectattr(1, 'none') | map(attribute=0) | list -%}
        {%- set rows -%}
            insert overwrite directory '{{ place }}/rows' using parquet
            select * from {{ relation }}
            where
                {% if found | length > 1000 -%}
                    cast({{ node.config.key }} as string) in (
                        select key from ({{ changed }}) as changed where input_hash is not null
                    )
                {#- as a list, by which Iceberg finds the files to read; a longer one reads most of them anyway -#}
                {%- elif due -%} {{ node.config.key }} in ({{ listed(due) }})
                {%- else -%} false
                {%- endif %}
        {%- endset -%}
        {%- do run_in_lake(rows) -%}
        {#- Last, because it is what says that the rows are there: who is killed before leaves rows that nobody takes. -#}
        {%- set noted = [] -%}
        {%- for key, input_hash in found -%}
            {%- do noted.append("('" ~ key ~ "', " ~ ("cast(null as string)" if input_hash is none else "'" ~ input_hash ~ "'") ~ ')') -%}
        {%- endfor -%}
        {%- set told = changed if found | length > 1000 else 'select key, input_hash from values ' ~ noted | join(', ') ~ ' as told (key, input_hash)' -%}
        {%- do run_in_lake("insert overwrite directory '" ~ place ~ "/keys' using parquet " ~ told) -%}
    {%- endif -%}
{%- endmacro %}
