{#- Rows whose value is lower than in the row before them, within their keys. -#}
{% test goes_forward(model, column_name, order, within) %}

select *
from (
    select
        {{ within | join(', ') }},
        {{ order }},
        {{ column_name }},
        lag({{ column_name }}) over (partition by {{ within | join(', ') }} order by {{ order }}) as previous
    from {{ model }}
) as ordered
where {{ column_name }} < previous

{% endtest %}
