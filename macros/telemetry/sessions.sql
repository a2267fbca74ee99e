{#
    Pre-hook of a model that reads samples or traces session by session: to the planner a session is half of a month that has
    two, so it would read all months whole for each.
#}
{% macro find_sessions_by_index() -%}
    set local enable_seqscan = off
{%- endmacro %}
