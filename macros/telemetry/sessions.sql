{% macro telemetry_driver_id(driver_id, sim, driver_name, aliases) -%}
    {{ pseudonymous_id(
        "coalesce(" ~ driver_id ~ ", " ~ aliases ~ ".driver_id, " ~ sim ~ " || ':name:' || " ~ driver_name ~ ")"
    ) }}
{%- endmacro %}
