{#- Laps that begin before the lap before them has ended. -#}
{% test laps_do_not_overlap(model) %}

select *
from (
    select
        session_id,
        lap_number,
        started_elapsed_s,
        lag(ended_elapsed_s) over (partition by session_id order by started_elapsed_s, lap_number) as previous_ended_s
    from {{ model }}
) as laps
where started_elapsed_s < previous_ended_s

{% endtest %}
