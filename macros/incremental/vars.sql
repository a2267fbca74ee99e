{# Vars are part of what a row was made from: a changed one rebuilds what it touches. #}
{% macro hash_of_vars(names) -%}
    {%- set values = [] -%}
    {%- for name in names -%} {%- do values.append(name ~ '=' ~ var(name)) -%} {%- endfor -%}
    {{ return(local_md5(values | join(';'))) }}
{%- endmacro %}

{% macro lap_vars() -%}
    {{ return([
        'line_crossing_ratio', 'line_crossing_gap_s', 'lap_edge_ratio', 'lap_flicker_s', 'lap_channel_lag_s', 'lap_jump_ratio',
        'channel_share', 'caution_flags',
    ]) }}
{%- endmacro %}

{% macro trace_vars() -%}
    {{ return([
        'pace_limit_ratio', 'trace_longest_gap_s', 'trace_length_tolerance_ratio', 'trace_step_m',
        'curvature_lowest_speed_mps', 'minisectors', 'metres_per_degree',
    ]) }}
{%- endmacro %}

{% macro corner_vars() -%}
    {{ return(['pedal_touched_ratio', 'cornering_lat_g']) }}
{%- endmacro %}

{% macro driving_vars() -%}
    {{ return([
        'full_throttle_ratio', 'pedal_touched_ratio', 'cornering_lat_g', 'brake_built_up_ratio', 'steering_still_dps',
    ]) }}
{%- endmacro %}
