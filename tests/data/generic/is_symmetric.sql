{#- Driver pairs whose two mirrored rows disagree, or that have only one. -#}
{% test is_symmetric(model) %}

select sides.*
from {{ model }} as sides
left join {{ model }} as others
    on sides.driver_id = others.opponent_id
        and sides.opponent_id = others.driver_id
        and sides.license_category_id = others.license_category_id
where
    others.driver_id is null
    or sides.races <> others.races
    or sides.races_ahead <> others.races_behind
    or sides.both_finished_races <> others.both_finished_races
    or sides.avg_gap_places <> -others.avg_gap_places
    or sides.avg_irating_difference <> -others.avg_irating_difference

{% endtest %}
