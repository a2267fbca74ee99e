{#- Values that are no channel of the project. Without this test a misspelt channel would be left out silently. -#}
{% test is_canonical_channel(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} not in ('elapsed_s'{% for channel in var('telemetry_channels') %}, '{{ channel }}'{% endfor %})

{% endtest %}
