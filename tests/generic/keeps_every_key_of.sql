{#-
    Returns keys that a step lost or invented: dropped rows and stale rows both show up here. Rows of a dimension that wait
    for the end of the run to go (remove_gone_rows) are gone.
-#}
{% test keeps_every_key_of(model, of, columns, of_where='true') %}
{%- set keys = columns | join(', ') %}

(
    select 'lost' as problem, {{ keys }} from {{ of }} where {{ of_where }}
    except
    select 'lost', {{ keys }} from {{ model }}
)
union all
(
    select 'invented', {{ keys }} from {{ model }} as kept
    where
        {{ row_key('kept', columns) }} not in (
            select gone_rows.key from {{ ops_schema() }}.gone_rows as gone_rows
            where gone_rows.model = '{{ model.identifier }}'
        )
    except
    select 'invented', {{ keys }} from {{ of }} where {{ of_where }}
)

{% endtest %}
