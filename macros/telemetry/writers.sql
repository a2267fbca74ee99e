{% macro for_every_writer(seed, sim, key, others) -%}
with own as (
    select * from {{ ref(seed) }}
),

writers as (
    select distinct
        format_sim,
        sim
    from {{ ref('log_writers') }}
    where sim <> format_sim
),

of_writers as (
    select
        {% for column, value in key.items() -%}
            {{ value }} as {{ column }},
        {% endfor -%}
        {% for column in others -%}
            own.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from own
    inner join writers on {{ sim }} = writers.format_sim
)

select {{ (key | list + others) | join(', ') }}
from own
union all
select {{ (key | list + others) | join(', ') }}
from of_writers
where not exists (
        select 1 from own
        where {% for column in key %}own.{{ column }} = of_writers.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    )
{%- endmacro %}
