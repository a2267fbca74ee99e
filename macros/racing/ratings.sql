{% macro layout_id(sim, track_name, config_name) -%}
    '{{ sim }}:' || lower(coalesce({{ track_name }}, 'unknown') || coalesce(' - ' || {{ config_name }}, ''))
{%- endmacro %}


{% macro track_of(text) -%}
    nullif(split_part({{ text }}, ' - ', 1), '')
{%- endmacro %}


{% macro config_of(text) -%}
    nullif(substr({{ text }}, length(split_part({{ text }}, ' - ', 1)) + 4), '')
{%- endmacro %}


{% macro rating_weight(rating) -%}
    exp(-cast({{ rating }} as double precision) * ln(cast(2 as double precision)) / 1600)
{%- endmacro %}


{% macro strength_of_field(rating) -%}
    1600 / ln(cast(2 as double precision)) * ln(count({{ rating }}) / nullif(sum({{ rating_weight(rating) }}), 0))
{%- endmacro %}


{% macro win_chance(weight_a, weight_b) -%}
    (1 - {{ weight_a }}) * {{ weight_b }}
    / ((1 - {{ weight_b }}) * {{ weight_a }} + (1 - {{ weight_a }}) * {{ weight_b }})
{%- endmacro %}


{% macro published(number) -%}
    cast(round(cast({{ number }} as numeric), 6) as numeric(18, 6))
{%- endmacro %}


{% macro safety_rating_corrected(safety_rating) -%}
    cast({{ safety_rating }} - 0.40 * floor({{ safety_rating }}) as numeric(6, 2))
{%- endmacro %}


{% macro license_class(level) -%}
    cast(ceil({{ level }} / 4.0) as integer)
{%- endmacro %}


{% macro license_letter(level) -%}
    case {{ license_class(level) }}
        {%- for letter in ['R', 'D', 'C', 'B', 'A', 'Pro', 'Pro/WC'] %}
            when {{ loop.index }} then '{{ letter }}'
        {%- endfor %}
    end
{%- endmacro %}
