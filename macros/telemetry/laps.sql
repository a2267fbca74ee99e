{% macro layout_key(sessions) -%}
    coalesce({{ sessions }}.layout_id, 'session:' || cast({{ sessions }}.session_id as {{ dbt.type_string() }}))
{%- endmacro %}


{% macro car_class_key(sim, car_class_name, car_id) -%}
    coalesce({{ sim }} || ':class:' || {{ car_class_name }}, {{ car_id }})
{%- endmacro %}


{% macro cornering_g() -%}
    coalesce(lat_g, curvature_per_m * speed_mps * speed_mps / 9.80665)
{%- endmacro %}


{% macro speed_at(place) -%}
    case
        when zoned.from_m < {{ place }} and zoned.reached_m >= {{ place }}
            then
                zoned.previous_speed_mps + (zoned.speed_mps - zoned.previous_speed_mps)
                * (cast({{ place }} as double precision) - zoned.from_m) / zoned.step_m
    end
{%- endmacro %}
