{#- Keys that are null or stand in more than one row, and keys of rows in which a column of `filled` is null. -#}
{% test is_key(model, columns, filled=[]) %}
{%- set keys = columns | join(', ') %}

select {{ keys }}
from {{ model }}
group by {{ keys }}
having count(*) > 1{% for column in columns + filled %} or count({{ column }}) < count(*){% endfor %}

{% endtest %}
