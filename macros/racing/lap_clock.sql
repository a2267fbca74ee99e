{% macro summed_ms(time_ms, car, lap_number='lap_number') -%}
    case
        when count({{ time_ms }}) over (partition by {{ car }} order by {{ lap_number }}) = {{ lap_number }}
            then cast({{ at_least(
                'sum(' ~ time_ms ~ ') over (partition by ' ~ car ~ ' order by ' ~ lap_number ~ ')', 1, 999999999
            ) }} as integer)
    end
{%- endmacro %}
