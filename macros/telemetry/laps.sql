{% macro layout_key(sessions, layout_id=none) -%}
    coalesce(
        {{ layout_id or sessions ~ '.layout_id' }},
        'session:' || cast({{ sessions }}.session_id as {{ dbt.type_string() }})
    )
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
                * (cast({{ place }} as {{ type_double() }}) - zoned.from_m) / zoned.step_m
    end
{%- endmacro %}


{% macro beside_line(x_m, y_m, line) -%}
    (
        ({{ line }}.right_x_m - {{ line }}.left_x_m) * ({{ y_m }} - {{ line }}.left_y_m)
        - ({{ line }}.right_y_m - {{ line }}.left_y_m) * ({{ x_m }} - {{ line }}.left_x_m)
    )
{%- endmacro %}


{% macro crosses_line(step, line) -%}
    {%- set to_x_m = '(' ~ step ~ '.x_m - ' ~ step ~ '.from_x_m)' -%}
    {%- set to_y_m = '(' ~ step ~ '.y_m - ' ~ step ~ '.from_y_m)' -%}
    {{ step }}.is_step
    and {{ step }}.speed_mps >= {{ var('line_crossing_speed_mps') }}
    and {{ beside_line(step ~ '.from_x_m', step ~ '.from_y_m', line) }} < 0
    and {{ beside_line(step ~ '.x_m', step ~ '.y_m', line) }} >= 0
    -- its left end lies to the left of the step, its right end to the right
    and {{ to_x_m }} * ({{ line }}.left_y_m - {{ step }}.from_y_m)
    - {{ to_y_m }} * ({{ line }}.left_x_m - {{ step }}.from_x_m) >= 0
    and {{ to_x_m }} * ({{ line }}.right_y_m - {{ step }}.from_y_m)
    - {{ to_y_m }} * ({{ line }}.right_x_m - {{ step }}.from_x_m) <= 0
{%- endmacro %}
