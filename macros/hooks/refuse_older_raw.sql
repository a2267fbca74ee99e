{% macro refuse_older_raw() -%}
    {%- if execute and load_relation(source('raw', 'files')) is not none -%}
        {%- set columns %}
            select table_name || '.' || column_name as name
            from information_schema.columns
            where table_schema = '{{ source('raw', 'files').schema }}'
        {% endset -%}
        {%- set there = run_query(columns).columns[0].values() -%}
        {%- for table in graph.sources.values() if table.source_name == 'raw' -%}
            {%- for column in table.columns if table.name ~ '.' ~ column not in there -%}
                {%- do exceptions.raise_compiler_error(
                    'raw.' ~ table.name ~ '.' ~ column ~ ' is missing: an older simrace landed these files. '
                    ~ 'Call `simrace run` once, and it takes the warehouse over.'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
