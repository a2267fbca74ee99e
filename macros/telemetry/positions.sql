{#- Of what is `earlier` and `later` than a moment: metres driven, latitude and longitude at it. -#}
{% macro position_between(elapsed_s) -%}
    {%- set between, first, last = [], [], [] -%}
    {%- for column in ['driven_m', 'lat_deg', 'lon_deg'] -%}
        {%- do between.append(
            'earlier.' ~ column ~ ' + (later.' ~ column ~ ' - earlier.' ~ column ~ ') * (' ~ elapsed_s
            ~ ' - earlier.elapsed_s) / (later.elapsed_s - earlier.elapsed_s)'
        ) -%}
        {%- do first.append('earlier.' ~ column) -%}
        {%- do last.append('later.' ~ column) -%}
    {%- endfor -%}
    case
        when earlier.elapsed_s < {{ elapsed_s }} and later.elapsed_s > {{ elapsed_s }}
            then case when not later.follows_hole then {{ array_of(between) }} end
        -- a file may go on for a moment after its first or last fix
        when {{ elapsed_s }} - earlier.elapsed_s <= {{ var('line_crossing_gap_s') }} then {{ array_of(first) }}
        when later.elapsed_s - {{ elapsed_s }} <= {{ var('line_crossing_gap_s') }} then {{ array_of(last) }}
    end
{%- endmacro %}
