{#- A column is described once, in the YAML of its table. The graph is complete only when dbt executes. -#}
{%- set node = 'model.simrace.' ~ ref('ml_training_data').identifier -%}
{%- set columns = graph.nodes[node].columns if execute else {} -%}
{%- set known_when = {
    'key': 'before the race',
    'split': 'when the table is built',
    'feature': 'at the green flag',
    'target': 'after the race',
} -%}

with entries as (
    {%- for name, column in columns.items() %}
        select
            {{ text_or_null(name) }} as column_name,
            {{ loop.index }} as column_number,
            {{ text_or_null(column.meta.role) }} as column_role,
            {{ text_or_null(column.description) }} as meaning,
            {{ text_or_null(column.data_type) }} as data_type,
            {{ text_or_null(column.meta.unit) }} as unit,
            {{ text_or_null(known_when.get(column.meta.role)) }} as known_when,
            {{ text_or_null(column.meta.null_means) }} as null_means,
            {%- set of_window = namespace(text=none) %}
            {%- for window, extent in var('form_windows').items() if name.endswith('_' ~ window) %}
                {%- for unit, number in extent.items() %}
                    {%- set of_window.text = 'last ' ~ number ~ ' ' ~ unit %}
                {%- endfor %}
            {%- endfor %}
            {{ text_or_null(of_window.text) }} as window_text
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    column_name,
    cast(column_number as integer) as column_number,
    column_role,
    meaning,
    data_type,
    unit,
    known_when,
    null_means,
    window_text as form_window
from entries
