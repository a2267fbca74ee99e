{#- Keys that the other model does not have: a relationship over several columns. -#}
{% test exists_in(model, to, columns) %}
{%- set keys = columns | join(', ') %}

select {{ keys }} from {{ model }}
except
select {{ keys }} from {{ to }}

{% endtest %}
