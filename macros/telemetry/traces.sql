{% macro interpolated(channel, position) -%}
    {%- set previous = item_at('previous_channels', position) -%}
    case
        when share = 1 then {{ channel }}
        else {{ previous }} + share * ({{ channel }} - {{ previous }})
    end
{%- endmacro %}
