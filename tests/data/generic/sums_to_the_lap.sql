{#- Laps whose parts do not sum to the whole, which is an expression over the lap or its session's best lap. -#}
{% test sums_to_the_lap(model, part, whole) %}

with laps as (
    select
        laps.session_id,
        laps.lap_number,
        laps.lap_time_s,
        min(case when laps.is_pace_eligible and laps.is_trace_eligible then laps.lap_time_s end)
            over (partition by laps.session_id)
            as session_best_lap_time_s
    from {{ ref('fct_laps') }} as laps
),

parts as (
    select
        session_id,
        lap_number,
        sum({{ part }}) as part
    from {{ model }}
    group by session_id, lap_number
)

select
    parts.session_id,
    parts.lap_number,
    parts.part
from parts
left join laps on parts.session_id = laps.session_id and parts.lap_number = laps.lap_number
where parts.part is distinct from ({{ whole }})

{% endtest %}
