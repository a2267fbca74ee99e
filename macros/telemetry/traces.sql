{% macro interpolated(channel, position) -%}
    case
        when share = 1 then {{ channel }}
        else previous_channels[{{ position }}] + share * ({{ channel }} - previous_channels[{{ position }}])
    end
{%- endmacro %}
