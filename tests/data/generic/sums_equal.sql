{#- Columns whose sums differ between two models, one of which rolls up the other. -#}
{% test sums_equal(model, to, columns) %}

{% for column in columns %}
select
    '{{ column }}' as column_name,
    (select sum(rolled.{{ column }}) from {{ model }} as rolled) as here,
    (select sum(parts.{{ column }}) from {{ to }} as parts) as there
where
    (select sum(rolled.{{ column }}) from {{ model }} as rolled)
    is distinct from (select sum(parts.{{ column }}) from {{ to }} as parts)
{%- if not loop.last %}
union all
{%- endif %}
{% endfor %}

{% endtest %}
