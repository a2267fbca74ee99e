{# A layout in words: sim, track and, where the track has several, the configuration. Files without track ids give the same id. #}
{% macro layout_id(sim, track_name, config_name) -%}
    '{{ sim }}:' || lower(coalesce({{ track_name }}, 'unknown') || coalesce(' - ' || {{ config_name }}, ''))
{%- endmacro %}


{# What a rating weighs in a field: a difference of 1600 points is two to one. #}
{% macro rating_weight(rating) -%}
    exp(-cast({{ rating }} as double precision) * ln(cast(2 as double precision)) / 1600)
{%- endmacro %}


{# Strength of a field: B * ln(n / sum of weights), B = 1600 / ln 2; an aggregate over rated entries. #}
{% macro strength_of_field(rating) -%}
    1600 / ln(cast(2 as double precision)) * ln(count({{ rating }}) / nullif(sum({{ rating_weight(rating) }}), 0))
{%- endmacro %}


{# Chance that rating a beats rating b. #}
{% macro win_chance(weight_a, weight_b) -%}
    (1 - {{ weight_a }}) * {{ weight_b }}
    / ((1 - {{ weight_b }}) * {{ weight_a }} + (1 - {{ weight_a }}) * {{ weight_b }})
{%- endmacro %}


{# A computed float as published: rounded, so that the last bit of ln and exp shows nowhere. #}
{% macro published(number) -%}
    cast(round(cast({{ number }} as numeric), 6) as numeric(18, 6))
{%- endmacro %}


{# A safety rating without the 0.40 that each whole number crossed gave: what is left moves by driving alone. #}
{% macro safety_rating_corrected(safety_rating) -%}
    cast({{ safety_rating }} - 0.40 * floor({{ safety_rating }}) as numeric(6, 2))
{%- endmacro %}


{# Licence class of a licence level, four levels a class: 1 is a rookie, 2 to 5 are D to A, 6 is a professional. #}
{% macro license_class(level) -%}
    cast(ceil({{ level }} / 4.0) as integer)
{%- endmacro %}


{# The same as drivers write it. #}
{% macro license_letter(level) -%}
    case {{ license_class(level) }}
        {%- for letter in ['R', 'D', 'C', 'B', 'A', 'Pro', 'Pro/WC'] %}
            when {{ loop.index }} then '{{ letter }}'
        {%- endfor %}
    end
{%- endmacro %}
