{% macro lap_time_to_ms(text) -%}
    cast(round(1000 * case
        when {{ text }} ~ '^[0-9]{1,2}:[0-5][0-9]:[0-5][0-9]([.][0-9]+)?$'
            then
                3600 * cast(split_part({{ text }}, ':', 1) as numeric(18, 6))
                + 60 * cast(split_part({{ text }}, ':', 2) as numeric(18, 6))
                + cast(split_part({{ text }}, ':', 3) as numeric(18, 6))
        when {{ text }} ~ '^[0-9]{1,4}:[0-5][0-9]([.][0-9]+)?$'
            then
                60 * cast(split_part({{ text }}, ':', 1) as numeric(18, 6))
                + cast(split_part({{ text }}, ':', 2) as numeric(18, 6))
        when {{ text }} ~ '^[0-9]{1,5}([.][0-9]+)?$'
            then cast({{ text }} as numeric(18, 6))
    end) as integer)
{%- endmacro %}
