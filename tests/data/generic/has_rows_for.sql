{#- Sessions in `every` that have no row here (only those changed since the test last passed), of those that are to be here. -#}
{% test has_rows_for(model, every, every_where='true') %}

select wanted.session_id
from {{ every }} as wanted
where
    {{ every_where }}
    and wanted.{{ in_changed_sessions(model) }}
    {%- if target.type == 'postgres' and graph.get('builds_in_lake') %}
        and wanted.session_id in (select fetched.session_id from lake.fetched as fetched)
    {%- endif %}
    and not exists (
        select 1 from {{ model }} as found
        where found.session_id = wanted.session_id and found.{{ in_changed_sessions(model) }}
    )

{% endtest %}
