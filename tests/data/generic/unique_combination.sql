{#- Keys that stand in more than one row. -#}
{% test unique_combination(model, columns) %}
{%- set keys = columns | join(', ') %}

select {{ keys }}
from {{ model }}
group by {{ keys }}
having count(*) > 1

{% endtest %}
