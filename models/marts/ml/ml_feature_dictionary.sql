{#- A column is described once, in the YAML of its table. The graph is complete only when dbt executes. -#}
{%- set node = 'model.simrace.' ~ ref('ml_training_data').identifier -%}
{%- set columns = graph.nodes[node].columns if execute else {} -%}
{%- set known_when = {
    'key': 'before the race',
    'split': 'when the table is built',
    'feature': 'at the green flag',
    'target': 'after the race',
} -%}

select
    entries.column_name,
    entries.column_number,
    entries.column_role,
    entries.meaning,
    entries.data_type,
    entries.unit,
    entries.known_when,
    entries.null_means,
    entries.form_window
from (
    values
    {%- for name, column in columns.items() %}
        {%- set of_window = namespace(text=none) %}
        {%- for window, extent in var('form_windows').items() if name.endswith('_' ~ window) %}
            {%- for unit, number in extent.items() %}
                {%- set of_window.text = 'last ' ~ number ~ ' ' ~ unit %}
            {%- endfor %}
        {%- endfor %}
        (
            {{ text_or_null(name) }},
            {{ loop.index }},
            {{ text_or_null(column.meta.role) }},
            {{ text_or_null(column.description) }},
            {{ text_or_null(column.data_type) }},
            {{ text_or_null(column.meta.unit) }},
            {{ text_or_null(known_when.get(column.meta.role)) }},
            {{ text_or_null(column.meta.null_means) }},
            {{ text_or_null(of_window.text) }}
        ){{ ',' if not loop.last }}
    {%- endfor %}
) as entries (
    column_name, column_number, column_role, meaning, data_type, unit, known_when, null_means, form_window
)
