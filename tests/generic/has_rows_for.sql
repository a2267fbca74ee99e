{#- Returns sessions of another model of which there is no row; which of them are looked at, changed_sessions says. -#}
{% test has_rows_for(model, every, every_where='true') %}

select wanted.session_id
from {{ every }} as wanted
where
    {{ every_where }}
    and wanted.{{ in_changed_sessions(model) }}
    and not exists (
        select 1 from {{ model }} as found
        where found.session_id = wanted.session_id and found.{{ in_changed_sessions(model) }}
    )

{% endtest %}
