{#- Returns values that are no canonical channel of the project: a misspelt one would be left out without a word. -#}
{% test is_canonical_channel(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} not in ('elapsed_s'{% for channel in var('telemetry_channels') %}, '{{ channel }}'{% endfor %})

{% endtest %}
