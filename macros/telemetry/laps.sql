{# What laps are compared on: the layout, or the session alone where its files name no track. #}
{% macro layout_key(sessions) -%}
    coalesce({{ sessions }}.layout_id, 'session:' || cast({{ sessions }}.session_id as {{ dbt.type_string() }}))
{%- endmacro %}


{# Cars that are compared: those of a class, or one car whose class nobody knows. #}
{% macro car_class_key(sim, car_class_name, car_id) -%}
    coalesce({{ sim }} || ':class:' || {{ car_class_name }}, {{ car_id }})
{%- endmacro %}


{# Lateral acceleration of a sample of a lap in g: as measured, else from how the car turns. #}
{% macro cornering_g() -%}
    coalesce(lat_g, curvature_per_m * speed_mps * speed_mps / 9.80665)
{%- endmacro %}
