{# Between the sample before a grid point and the one after it, by the share of the way that lies before the point. #}
{% macro interpolated(channel, position) -%}
    case
        when share = 1 then {{ channel }}
        else previous_channels[{{ position }}] + share * ({{ channel }} - previous_channels[{{ position }}])
    end
{%- endmacro %}
