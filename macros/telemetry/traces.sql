{# Between the sample before a grid point and the one after it, by the share of the way that lies before the point. #}
{% macro interpolated(channel) -%}
    case
        when share = 1 then {{ channel }}
        else previous_{{ channel }} + share * ({{ channel }} - previous_{{ channel }})
    end
{%- endmacro %}
