{#- Rules of seeds/championship_rules.csv: what their value is. `number` and `words` are needed; `steps` are numbers of which
    several rows may stand; None has points alone. Each is the column of int_championships, but for steps. -#}
{% macro championship_rules() -%}
    {{ return({
        'rounds_dropped': 'number',
        'scored_in': ['overall', 'class'],
        'minimum_distance': 'number',
        'retired': ['score', 'score_nothing'],
        'ties': ['parted_by_places', 'shared'],
        'rating_at_least': 'number',
        'rating_at_most': 'number',
        'who_is_not_entered': ['scores', 'is_guest'],
        'guests': ['hold_places', 'pass_places_up'],
        'disqualified': ['hold_places', 'pass_places_up'],
        'dead_heat': ['best_place', 'shared'],
        'fastest_lap_within': 'number',
        'lap_led': None,
        'most_laps_led': None,
        'most_places_gained': None,
        'incidents': 'steps',
        'team_cars_counted': 'number',
    }) }}
{%- endmacro %}


{#- SQL of a rule's column, of the rows of a championship. -#}
{% macro championship_rule(rule, kind) -%}
    {%- set taken = 'points' if kind is none else to_float('value') if kind == 'number' else 'value' -%}
    max(case when rule = '{{ rule }}' then {{ taken }} end) as {{ rule ~ '_points' if kind is none else rule }}
{%- endmacro %}


{#- Order of two with equal points: places as text of equal length, absences last, so that the joined string sorts like the
    list. -#}
{% macro place_as_text(position) -%}
    lpad(cast(coalesce({{ position }}, 999) as {{ dbt.type_string() }}), 3, '0')
{%- endmacro %}
