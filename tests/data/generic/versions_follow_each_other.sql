{#- Versions that the next one does not follow at once: a gap, an overlap, or no current version at the end. -#}
{% test versions_follow_each_other(model) %}

select *
from (
    select
        driver_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by driver_id order by valid_from) as next_valid_from
    from {{ model }}
) as versions
where valid_to is distinct from next_valid_from

{% endtest %}
