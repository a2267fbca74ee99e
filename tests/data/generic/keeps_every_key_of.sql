{#-
    Keys that a step lost or invented, so both dropped and stale rows show. Rows that wait in ops.gone_rows to leave a dimension
    at the end of the run count as gone.
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
