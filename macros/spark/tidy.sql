{#-
    Run by simrace after `retain` and `forget`: small files of the lake become large ones, and what no table holds any more goes. Iceberg
    keeps the files of earlier snapshots otherwise, and in them what was forgotten.
-#}
{% macro tidy_lake() -%}
    {%- if target.type != 'spark' -%} {{ return('') }} {%- endif -%}
    {%- do open_lake() -%}
    {%- set tables = [ops_schema() ~ '.built', ops_schema() ~ '.code'] -%}
    {%- for node in graph.nodes.values() if node.name in graph.recorded_in_lake and node.config.materialized != 'view' -%}
        {%- do tables.append(node.schema ~ '.' ~ node.name) -%}
    {%- endfor -%}
    {%- for table in tables -%}
        {%- do run_in_lake("call lake.system.rewrite_data_files(table => '" ~ table ~ "')") -%}
        {%- do run_in_lake(
            "call lake.system.expire_snapshots(table => '" ~ table ~ "', older_than => timestamp '"
            ~ modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f') ~ "', retain_last => 1)"
        ) -%}
    {%- endfor -%}
{%- endmacro %}
