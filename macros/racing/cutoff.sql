{% macro results_cutoff() -%}
    {{ return("cast('" ~ var('results_cutoff') ~ "' as timestamptz)" if var('results_cutoff') else none) }}
{%- endmacro %}
