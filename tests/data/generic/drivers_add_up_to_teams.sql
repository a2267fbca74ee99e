{#- Teams whose drivers do not add up to what the team's own line says. -#}
{% test drivers_add_up_to_teams(model, teams, columns) %}

select
    teams.race_id,
    teams.entrant_id
from {{ teams }} as teams
inner join {{ model }} as drivers on teams.race_id = drivers.race_id and teams.entrant_id = drivers.entry_id
group by teams.race_id, teams.entrant_id
having
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}max(teams.{{ column }}) <> sum(drivers.{{ column }})
    {%- endfor %}

{% endtest %}
