{#- Splits with a race that starts before the last race of the split before them, and splits that share a race. -#}
{% test splits_follow_in_time(model) %}

with splits as (
    select
        split,
        case split when 'train' then 1 when 'validation' then 2 else 3 end as split_number,
        min(feature_cutoff_at) as first_race_at,
        max(feature_cutoff_at) as last_race_at
    from {{ model }}
    group by split
)

select later.split
from splits as earlier
inner join splits as later on earlier.split_number < later.split_number
where earlier.last_race_at >= later.first_race_at

{% endtest %}
