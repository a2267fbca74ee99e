{#- Returns keys that a step lost or invented: dropped rows and stale rows both show up here. -#}
{% test keeps_every_key_of(model, of, columns, of_where='true') %}
{%- set keys = columns | join(', ') %}

(
    select 'lost' as problem, {{ keys }} from {{ of }} where {{ of_where }}
    except
    select 'lost', {{ keys }} from {{ model }}
)
union all
(
    select 'invented', {{ keys }} from {{ model }}
    except
    select 'invented', {{ keys }} from {{ of }} where {{ of_where }}
)

{% endtest %}
